import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { ProvidersModule } from '../providers/providers.module';
import { RagModule } from '../rag/rag.module';
import { ToolsModule } from '../tools/tools.module';
import { AgentsController } from './agents.controller';
import { AgentsRepository } from './agents.repository';
import { AgentsService } from './agents.service';

@Module({
  imports: [AuditModule, ProvidersModule, RagModule, ToolsModule],
  controllers: [AgentsController],
  providers: [AgentsRepository, AgentsService],
})
export class AgentsModule {}
