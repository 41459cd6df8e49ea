import { Inject, Injectable } from '@nestjs/common';
import { type Principal } from '../../platform/common/auth/principal';
import { type Page, type PageQuery, toPage } from '../../platform/common/http/pagination';
import { BUILTIN_TOOLS } from '../builtin-tools.service';
import { SQL_QUERY } from '../databases/database-tools';
import { ToolsService } from '../tools.service';
import { type Tool } from '../tools.types';
import { CustomTools } from './custom-tools';
import { toCustomTool } from './custom-tools.codec';
import { type AddedCustomToolDto, type CustomToolDto } from './custom-tools.dto';
import { customToolNotFound, toolNameTaken } from './custom-tools.errors';
import { CustomToolsRepository } from './custom-tools.repository';
import { type CustomToolChange, type NewCustomToolBody } from './custom-tools.schema';
import { type NewCustomTool, type SkippedOperation } from './custom-tools.types';
import { toOperation } from './endpoint.codec';
import { OpenApiDocumentsService } from './openapi-documents.service';

/** HTTP tools without code: what a workspace describes becomes tools of its models. */
@Injectable()
export class CustomToolsService {
  constructor(
    private readonly repository: CustomToolsRepository,
    private readonly documents: OpenApiDocumentsService,
    private readonly tools: ToolsService,
    private readonly source: CustomTools,
    @Inject(BUILTIN_TOOLS) private readonly builtin: readonly Tool[],
  ) {}

  /** Throws `validation_failed`, `tool_name_taken`, `too_many_tools`, `encryption_key_missing`. */
  async create(principal: Principal, body: NewCustomToolBody): Promise<AddedCustomToolDto> {
    const { tool, skipped } = await this.described(body);
    const taken = await this.takenOf(principal, tool);
    if (taken !== null) throw toolNameTaken(taken);
    const made = await this.repository.create(principal, tool);
    this.source.forget(principal.workspaceId);
    if (!made) throw toolNameTaken((await this.takenOf(principal, tool)) ?? tool.title);
    return { ...toCustomTool(made), skipped };
  }

  async list(principal: Principal, query: PageQuery): Promise<Page<CustomToolDto>> {
    return toPage(await this.repository.list(principal, query), query.limit, toCustomTool);
  }

  async get(principal: Principal, id: string): Promise<CustomToolDto> {
    const tool = await this.repository.find(principal, id);
    if (!tool) throw customToolNotFound();
    return toCustomTool(tool);
  }

  async change(principal: Principal, id: string, { headers }: CustomToolChange): Promise<CustomToolDto> {
    const tool = await this.repository.setHeaders(principal, id, headers);
    if (!tool) throw customToolNotFound();
    this.source.forget(principal.workspaceId);
    return toCustomTool(tool);
  }

  async delete(principal: Principal, id: string): Promise<void> {
    const deleted = await this.repository.delete(principal, id);
    this.source.forget(principal.workspaceId);
    if (!deleted) throw customToolNotFound();
  }

  private async described(body: NewCustomToolBody): Promise<{ tool: NewCustomTool; skipped: SkippedOperation[] }> {
    const headers = body.headers ?? {};
    if (!('openapi' in body)) {
      const operations = [toOperation(body)];
      return { tool: { kind: 'endpoint', title: body.name, operations, headers }, skipped: [] };
    }
    const { title, operations, skipped } = await this.documents.read(body);
    return { tool: { kind: 'openapi', title, operations, headers }, skipped };
  }

  /** The first name that is another tool's: one that is built in, switched off or not, or any the workspace has. */
  private async takenOf(principal: Principal, { operations }: NewCustomTool): Promise<string | null> {
    const { tools } = await this.tools.all(principal);
    const names = new Set([SQL_QUERY, ...[...this.builtin, ...tools].map(({ name }) => name)]);
    return operations.find(({ name }) => names.has(name))?.name ?? null;
  }
}
