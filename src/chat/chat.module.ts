import { Module } from '@nestjs/common';
import { CallsModule } from '../calls/calls.module';
import { ProvidersModule } from '../providers/providers.module';
import { RagModule } from '../rag/rag.module';
import { ToolsModule } from '../tools/tools.module';
import { ChatService } from './chat.service';
import { GenerationsService } from './generations.service';
import { GroundingService } from './grounding.service';

@Module({
  imports: [CallsModule, ProvidersModule, RagModule, ToolsModule],
  providers: [ChatService, GenerationsService, GroundingService],
  exports: [ChatService, GenerationsService, GroundingService],
})
export class ChatModule {}
