import { type DynamicModule, Module } from '@nestjs/common';
import { AgentsModule } from './agents/agents.module';
import { AuthModule } from './auth/auth.module';
import { IdempotencyModule } from './idempotency/idempotency.module';
import { CommonModule } from './platform/common/common.module';
import { ConfigModule } from './platform/config/config.module';
import { type Config } from './platform/config/config.service';
import { DatabaseModule } from './platform/database/database.module';
import { FilesModule } from './platform/files/files.module';
import { NetModule } from './platform/net/net.module';
import { QueueModule } from './platform/queue/queue.module';
import { SecretsModule } from './platform/secrets/secrets.module';
import { StoreModule } from './platform/store/store.module';
import { LoggingModule } from './platform/telemetry/logging.module';
import { RagModule } from './rag/rag.module';

/** A process that takes jobs and serves nobody. A domain with a `@Processor` belongs here. */
@Module({})
export class WorkerModule {
  static of(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.of(config),
        CommonModule,
        LoggingModule,
        DatabaseModule.at(databaseUrl),
        StoreModule,
        QueueModule.at(databaseUrl),
        NetModule,
        FilesModule,
        SecretsModule,
        AuthModule,
        IdempotencyModule,
        RagModule,
        AgentsModule,
      ],
    };
  }
}
