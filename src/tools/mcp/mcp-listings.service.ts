import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { logFailure } from '../../platform/common/errors/exception.filter';
import { ToolError } from '../tools.errors';
import { reasonOf } from './failures';
import { usableTools } from './listing';
import { McpConnections, type ServerName } from './mcp-connections.service';
import { McpServersRepository, type McpSummary } from './mcp-servers.repository';

/** Of all pages. */
const LISTED_MS = 15_000;
/** A server that says its tools have changed is asked for them once in so long. */
const CHANGED_MS = 2_000;

/** Keeps what servers say of their tools: nobody who uses them waits for that. */
@Injectable()
export class McpListings implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(McpListings.name);
  private readonly running = new Map<string, Promise<void>>();
  private readonly changed = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly servers: McpServersRepository,
    private readonly connections: McpConnections,
  ) {}

  onModuleInit(): void {
    this.connections.toolsChanged = (server) => {
      if (this.changed.has(server.id)) return;
      const timer = setTimeout(() => {
        this.changed.delete(server.id);
        this.behind(this.askAgain(server));
      }, CHANGED_MS);
      this.changed.set(server.id, timer);
    };
  }

  onApplicationShutdown(): void {
    for (const timer of this.changed.values()) clearTimeout(timer);
  }

  /** Asks for the tools of a server and keeps them, or why there are none. */
  async refresh(server: McpSummary): Promise<void> {
    this.connections.forgive(server);
    await this.ask(server);
  }

  /** Has those of the workspace that were not asked for a while asked in the background, by one of all processes. */
  refreshStale(workspaceId: string): void {
    const claim = async () => {
      const stale = await this.servers.claimStale(workspaceId);
      await Promise.all(stale.map((server) => this.ask(server)));
    };
    this.behind(claim());
  }

  private async askAgain({ workspace_id, id }: ServerName): Promise<void> {
    const server = await this.servers.find(workspace_id, id);
    if (server) await this.ask(server);
  }

  /** Those who ask at the same time share one asking. */
  private ask(server: McpSummary): Promise<void> {
    const known = this.running.get(server.id);
    if (known) return known;
    const asking = this.list(server).finally(() => this.running.delete(server.id));
    this.running.set(server.id, asking);
    return asking;
  }

  private async list(server: McpSummary): Promise<void> {
    const { workspace_id, id, timeout_ms, allowed_tools } = server;
    let given: unknown[];
    try {
      const connection = await this.connections.get(server);
      given = await connection.listTools(Math.min(LISTED_MS, timeout_ms));
    } catch (error) {
      await this.servers.saveFailure(workspace_id, id, error instanceof ToolError ? error.message : reasonOf(error));
      return;
    }
    await this.servers.saveTools(workspace_id, id, await usableTools(given, allowed_tools));
  }

  private behind(work: Promise<void>): void {
    work.catch((error: unknown) => {
      logFailure(this.logger, new Error('the tools of MCP servers could not be kept', { cause: error }));
    });
  }
}
