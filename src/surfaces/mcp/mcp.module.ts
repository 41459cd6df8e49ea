import { Module } from '@nestjs/common';
import { IdempotencyModule } from '../../idempotency/idempotency.module';
import { ToolsModule } from '../../tools/tools.module';
import { UsageModule } from '../../usage/usage.module';
import { McpController } from './mcp.controller';
import { McpService } from './mcp.service';

@Module({
  imports: [IdempotencyModule, ToolsModule, UsageModule],
  controllers: [McpController],
  providers: [McpService],
})
export class McpSurfaceModule {}
