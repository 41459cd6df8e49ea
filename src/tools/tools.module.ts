import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { CallsModule } from '../calls/calls.module';
import { UsageModule } from '../usage/usage.module';
import { BUILTIN_TOOLS, BuiltinTools } from './builtin-tools.service';
import { calculator } from './builtin/calculator.tool';
import { currentTime } from './builtin/current-time.tool';
import { CustomTools } from './custom/custom-tools';
import { CustomToolsController } from './custom/custom-tools.controller';
import { CustomToolsRepository } from './custom/custom-tools.repository';
import { CustomToolsService } from './custom/custom-tools.service';
import { OpenApiDocumentsService } from './custom/openapi-documents.service';
import { McpConnections } from './mcp/mcp-connections.service';
import { McpListings } from './mcp/mcp-listings.service';
import { McpServersController } from './mcp/mcp-servers.controller';
import { McpServersRepository } from './mcp/mcp-servers.repository';
import { McpServersService } from './mcp/mcp-servers.service';
import { McpTools } from './mcp/mcp-tools.service';
import { ToolsController } from './tools.controller';
import { TOOL_SOURCES, ToolsService } from './tools.service';
import { type ToolSource } from './tools.types';

/** Adding a built-in tool: its file, and its line here. What it needs are the arguments of its factory. */
const builtin = {
  provide: BUILTIN_TOOLS,
  inject: [],
  useFactory: () => [calculator, currentTime],
};

const sources = {
  provide: TOOL_SOURCES,
  inject: [BuiltinTools, CustomTools, McpTools],
  useFactory: (...all: ToolSource[]) => all,
};

@Module({
  imports: [AuditModule, CallsModule, UsageModule],
  controllers: [ToolsController, CustomToolsController, McpServersController],
  providers: [
    builtin,
    BuiltinTools,
    CustomToolsRepository,
    CustomTools,
    OpenApiDocumentsService,
    CustomToolsService,
    McpConnections,
    McpListings,
    McpServersRepository,
    McpServersService,
    McpTools,
    sources,
    ToolsService,
  ],
  exports: [ToolsService],
})
export class ToolsModule {}
