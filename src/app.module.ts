import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './admin/admin.module';
import { AgentsModule } from './agents/agents.module';
import { AuditModule } from './audit/audit.module';
import { AuthModule } from './auth/auth.module';
import { ConversationsModule } from './conversations/conversations.module';
import { CommonModule } from './platform/common/common.module';
import { ConfigModule } from './platform/config/config.module';
import { type Config } from './platform/config/config.service';
import { DatabaseModule } from './platform/database/database.module';
import { FilesModule } from './platform/files/files.module';
import { HealthModule } from './platform/health/health.module';
import { NetModule } from './platform/net/net.module';
import { QueueModule } from './platform/queue/queue.module';
import { SecretsModule } from './platform/secrets/secrets.module';
import { StoreModule } from './platform/store/store.module';
import { LoggingModule } from './platform/telemetry/logging.module';
import { RagModule } from './rag/rag.module';
import { EmbeddingsModule } from './surfaces/embeddings/embeddings.module';
import { EstimateModule } from './surfaces/estimate/estimate.module';
import { GroundedSurfaceModule } from './surfaces/grounded/grounded.module';
import { McpSurfaceModule } from './surfaces/mcp/mcp.module';
import { OpenAiSurfaceModule } from './surfaces/openai/openai.module';
import { SimpleSurfaceModule } from './surfaces/simple/simple.module';
import { ToolsModule } from './tools/tools.module';
import { UsageModule } from './usage/usage.module';
import { UsersModule } from './users/users.module';
import { WorkspacesModule } from './workspaces/workspaces.module';

/** The API process. Adding a surface: its folder, and its module here. */
@Module({})
export class AppModule {
  static of(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
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
        HealthModule,
        AuditModule,
        UsersModule,
        WorkspacesModule,
        AuthModule,
        AdminModule,
        UsageModule,
        RagModule,
        ToolsModule,
        ConversationsModule,
        AgentsModule,
        OpenAiSurfaceModule,
        SimpleSurfaceModule,
        EmbeddingsModule,
        EstimateModule,
        GroundedSurfaceModule,
        McpSurfaceModule,
      ],
    };
  }
}
