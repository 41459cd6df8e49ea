import { Module } from '@nestjs/common';
import { CallsModule } from '../../calls/calls.module';
import { EstimateController } from './estimate.controller';
import { EstimateService } from './estimate.service';

@Module({ imports: [CallsModule], controllers: [EstimateController], providers: [EstimateService] })
export class EstimateModule {}
