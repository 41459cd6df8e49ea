import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { CallsModule } from '../calls/calls.module';
import { Config } from '../platform/config/config.service';
import { DocumentsService } from '../rag/documents.service';
import { PageReader } from '../rag/page-reader.service';
import { PagesService } from '../rag/pages.service';
import { RagModule } from '../rag/rag.module';
import { RetrievalService } from '../rag/retrieval.service';
import { UsageModule } from '../usage/usage.module';
import { BUILTIN_TOOLS, BuiltinTools } from './builtin-tools.service';
import { calculator } from './builtin/calculator.tool';
import { currentTime } from './builtin/current-time.tool';
import { httpGet } from './builtin/http-get.tool';
import { readDocument } from './builtin/read-document.tool';
import { searchDocuments } from './builtin/search-documents.tool';
import { weather } from './builtin/weather.tool';
import { webPage } from './builtin/web-page.tool';
import { webSearch } from './builtin/web-search.tool';
import { CustomTools } from './custom/custom-tools';
import { CustomToolsController } from './custom/custom-tools.controller';
import { CustomToolsRepository } from './custom/custom-tools.repository';
import { CustomToolsService } from './custom/custom-tools.service';
import { OpenApiDocumentsService } from './custom/openapi-documents.service';
import { DatabaseSessions } from './databases/database-sessions.repository';
import { DatabaseTools } from './databases/database-tools';
import { DatabasesController } from './databases/databases.controller';
import { DatabasesRepository } from './databases/databases.repository';
import { DatabasesService } from './databases/databases.service';
import { McpConnections } from './mcp/mcp-connections.service';
import { McpListings } from './mcp/mcp-listings.service';
import { McpServersController } from './mcp/mcp-servers.controller';
import { McpServersRepository } from './mcp/mcp-servers.repository';
import { McpServersService } from './mcp/mcp-servers.service';
import { McpTools } from './mcp/mcp-tools.service';
import { ToolSettingsController } from './tool-settings.controller';
import { ToolSettingsRepository } from './tool-settings.repository';
import { ToolSettingsService } from './tool-settings.service';
import { ToolsController } from './tools.controller';
import { TOOL_SOURCES, ToolsService } from './tools.service';
import { type ToolSource } from './tools.types';

/** Adding a built-in tool: its file, and its line here. What it needs are the arguments of its factory. */
const builtin = {
  provide: BUILTIN_TOOLS,
  inject: [Config, ToolSettingsService, PagesService, PageReader, RetrievalService, DocumentsService],
  useFactory: (
    { yaml }: Config,
    settings: ToolSettingsService,
    pages: PagesService,
    reader: PageReader,
    retrieval: RetrievalService,
    documents: DocumentsService,
  ) => [
    calculator,
    currentTime,
    httpGet(pages, settings),
    webPage(reader, settings),
    searchDocuments(retrieval, yaml),
    readDocument(documents, yaml),
    weather(yaml.tools.weather),
    ...(yaml.tools.web_search ? [webSearch(yaml.tools.web_search, yaml)] : []),
  ],
};

const sources = {
  provide: TOOL_SOURCES,
  inject: [BuiltinTools, DatabaseTools, CustomTools, McpTools],
  useFactory: (...all: ToolSource[]) => all,
};

@Module({
  imports: [AuditModule, CallsModule, RagModule, UsageModule],
  controllers: [
    ToolsController,
    ToolSettingsController,
    CustomToolsController,
    DatabasesController,
    McpServersController,
  ],
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
    DatabasesRepository,
    DatabaseSessions,
    DatabaseTools,
    DatabasesService,
    sources,
    ToolSettingsRepository,
    ToolSettingsService,
    ToolsService,
  ],
  exports: [ToolsService],
})
export class ToolsModule {}
