import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Principal } from '../../platform/common/auth/principal';
import { ToolError } from '../tools.errors';
import { type Tool, type ToolContext, type ToolSource } from '../tools.types';
import { withoutSecrets } from '../without-secrets';
import { toText } from './content';
import { isSessionLost, reasonOf } from './failures';
import { type Connection } from './connection';
import { McpConnections } from './mcp-connections.service';
import { McpListings } from './mcp-listings.service';
import { McpServersRepository, type McpSummary } from './mcp-servers.repository';
import { type ListedTool } from './mcp.types';
import { effectsOf } from './trust';
import { toolName } from './tool-names';

/** Characters of JSON. */
const REMEMBERED = 32 * 1024 * 1024;
/** How old a listing may be, and that of a server that failed; as `claimStale` has it. */
const STALE_MS = 10 * 60_000;
const FAILED_STALE_MS = 60_000;
/** The tool's own time limit comes first. */
const SLACK_MS = 1_000;

/** The tools of the MCP servers of a workspace, as they were last listed: a server that is away takes nothing from others. */
@Injectable()
export class McpTools implements ToolSource {
  /** By server and the time of its listing. */
  private readonly known = new LRUCache<string, readonly Tool[]>({ maxSize: REMEMBERED });

  constructor(
    private readonly servers: McpServersRepository,
    private readonly connections: McpConnections,
    private readonly listings: McpListings,
  ) {}

  async tools({ workspaceId }: Principal): Promise<readonly Tool[]> {
    const servers = await this.servers.summaries(workspaceId);
    if (servers.some(isStale)) this.listings.refreshStale(workspaceId);
    const found = new Map(servers.map((server) => [server.id, this.known.get(keyOf(server))]));
    const unknown = servers.filter((server) => !found.get(server.id));
    if (unknown.length > 0) {
      const ids = unknown.map(({ id }) => id);
      const rows = new Map((await this.servers.toolsOf(workspaceId, ids)).map((row) => [row.id, row]));
      for (const server of unknown) {
        const { tools, listed_at } = rows.get(server.id) ?? { tools: [], listed_at: null };
        const made = this.made(server, tools);
        this.known.set(keyOf({ id: server.id, listed_at }), made, { size: JSON.stringify(tools).length });
        found.set(server.id, made);
      }
    }
    return servers.flatMap((server) => found.get(server.id) ?? []);
  }

  private made(server: McpSummary, listed: readonly ListedTool[]): readonly Tool[] {
    const byName = new Map<string, Tool>();
    for (const tool of listed) {
      const name = toolName(server.name, tool.name);
      if (byName.has(name)) continue;
      byName.set(name, {
        name,
        description: tool.description,
        origin: 'mcp',
        revision: server.id,
        parameters: tool.input_schema,
        output: tool.output_schema,
        price: 0n,
        timeoutMs: server.timeout_ms,
        ...effectsOf(server, tool),
        permission: null,
        execute: (input, context, signal) => this.call(server, tool.name, input, context, signal),
      });
    }
    return [...byName.values()];
  }

  private async call(
    server: McpSummary,
    tool: string,
    input: unknown,
    { idempotencyKey }: ToolContext,
    signal: AbortSignal,
  ): Promise<string> {
    const on = (connection: Connection) =>
      connection.call(tool, input, idempotencyKey, server.timeout_ms + SLACK_MS, signal);
    let secrets: readonly string[] = [];
    try {
      const connection = await this.connections.get(server);
      secrets = connection.secrets;
      const result = await on(connection).catch(async (error: unknown) => {
        if (!isSessionLost(error)) throw error;
        this.connections.discard(server, connection);
        return on(await this.connections.get(server));
      });
      const told = withoutSecrets(toText(result), secrets);
      if (!result.isError) return told;
      throw new ToolError(told || 'The tool failed and does not say why.');
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ToolError) throw error;
      throw new ToolError(`The MCP server ${server.name} failed: ${withoutSecrets(reasonOf(error), secrets)}.`);
    }
  }
}

const keyOf = ({ id, listed_at }: Pick<McpSummary, 'id' | 'listed_at'>) => `${id}:${listed_at?.getTime() ?? 0}`;

function isStale({ checked_at, error }: McpSummary): boolean {
  return checked_at !== null && checked_at.getTime() < Date.now() - (error === null ? STALE_MS : FAILED_STALE_MS);
}
