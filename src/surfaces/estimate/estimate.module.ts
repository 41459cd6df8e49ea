import { Module } from '@nestjs/common';
import { CallsModule } from '../../calls/calls.module';
import { ChatModule } from '../../chat/chat.module';
import { ToolsModule } from '../../tools/tools.module';
import { EstimateController } from './estimate.controller';
import { EstimateService } from './estimate.service';

@Module({
  imports: [CallsModule, ChatModule, ToolsModule],
  controllers: [EstimateController],
  providers: [EstimateService],
})
export class EstimateModule {}
