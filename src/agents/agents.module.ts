import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { AuthModule } from '../auth/auth.module';
import { ChatModule } from '../chat/chat.module';
import { IdempotencyModule } from '../idempotency/idempotency.module';
import { ProvidersModule } from '../providers/providers.module';
import { RagModule } from '../rag/rag.module';
import { ToolsModule } from '../tools/tools.module';
import { AgentsController } from './agents.controller';
import { AgentsRepository } from './agents.repository';
import { AgentsService } from './agents.service';
import { RunLeasesRepository } from './run-leases.repository';
import { RunQueue } from './run-queue.service';
import { RunStepsRepository } from './run-steps.repository';
import { RunStreams } from './run-streams.service';
import { RunProcessor } from './run.processor';
import { RunnerService } from './runner.service';
import { RunsController } from './runs.controller';
import { RunsRepository } from './runs.repository';
import { RunsService } from './runs.service';

@Module({
  imports: [AuditModule, AuthModule, ChatModule, IdempotencyModule, ProvidersModule, RagModule, ToolsModule],
  // Runs first: their path is longer.
  controllers: [RunsController, AgentsController],
  providers: [
    AgentsRepository,
    AgentsService,
    RunLeasesRepository,
    RunProcessor,
    RunQueue,
    RunStepsRepository,
    RunStreams,
    RunnerService,
    RunsRepository,
    RunsService,
  ],
})
export class AgentsModule {}
