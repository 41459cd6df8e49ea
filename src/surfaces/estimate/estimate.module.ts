import { Module } from '@nestjs/common';
import { CallsModule } from '../../calls/calls.module';
import { ChatModule } from '../../chat/chat.module';
import { EstimateController } from './estimate.controller';
import { EstimateService } from './estimate.service';

@Module({ imports: [CallsModule, ChatModule], controllers: [EstimateController], providers: [EstimateService] })
export class EstimateModule {}
