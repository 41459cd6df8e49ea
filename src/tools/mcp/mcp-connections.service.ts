import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { LRUCache } from 'lru-cache';
import { every } from '../../platform/common/every';
import { Invalidations } from '../../platform/database/invalidations';
import { OutboundService } from '../../platform/net/outbound.service';
import { SecretsService } from '../../platform/secrets/secrets.service';
import { ToolError } from '../tools.errors';
import { boundedFetch } from './bounded-fetch';
import { Connection } from './connection';
import { MCP_SERVER_DELETED, McpServersRepository } from './mcp-servers.repository';
import { type McpTarget } from './mcp.types';
import { sdk } from './sdk';
import { StdioTransport } from './stdio.transport';

/** Of this process. */
const MOST_CONNECTIONS = 256;
const MOST_PROCESSES = 16;
const IDLE_MS = 5 * 60_000;
const LOOK_MS = 30_000;
/** A connection is made within so long, or not at all. */
const CONNECT_MS = 10_000;
/** After a failure it is not tried again before; each further one doubles it. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Our own time limits come first: a connection is not to be broken by those of calls. */
const SLACK_MS = 5_000;

/** What names a server, from a row that was read for its workspace. */
export type ServerName = Pick<McpTarget, 'id' | 'workspace_id' | 'name' | 'transport'>;

interface Entry {
  server: ServerName;
  opening: Promise<Connection>;
  /** Once it is open. */
  connection: Connection | null;
}

/**
 * The connections of this process to MCP servers: made when they are first needed, shared by all that call, closed when
 * nobody has for a while. Each belongs to one server of one workspace.
 */
@Injectable()
export class McpConnections implements OnModuleInit, OnApplicationShutdown {
  /** Hears of servers that say their tools have changed. */
  toolsChanged: (server: ServerName) => void = () => undefined;
  private readonly logger = new Logger(McpConnections.name);
  private readonly entries = new Map<string, Entry>();
  private readonly failures = new LRUCache<string, { count: number; until: number }>({ max: 10_000 });
  private stopLooking: () => void = () => undefined;

  constructor(
    private readonly servers: McpServersRepository,
    private readonly secrets: SecretsService,
    private readonly outbound: OutboundService,
    private readonly invalidations: Invalidations,
  ) {}

  onModuleInit(): void {
    this.invalidations.on(MCP_SERVER_DELETED, (id) => {
      for (const entry of this.entries.values()) if (entry.server.id === id) this.drop(entry);
    });
    this.stopLooking = every(LOOK_MS, this.logger, () => this.closeIdle());
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopLooking();
    const left = [...this.entries.values()];
    this.entries.clear();
    await Promise.all(
      left.map(({ opening }) => opening.then((connection) => connection.leave()).catch(() => undefined)),
    );
  }

  /** Throws ToolError while a failure is too fresh or there is no room, and why the server could not be connected to. */
  get(server: ServerName): Promise<Connection> {
    const known = this.entries.get(keyOf(server));
    if (known) return known.opening;
    const { until } = this.failures.get(keyOf(server)) ?? { until: 0 };
    if (until > Date.now()) {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      return Promise.reject(
        new ToolError(`The MCP server ${server.name} can't be reached. It is tried again in ${seconds} s.`),
      );
    }
    if (!this.makeRoom(server)) {
      return Promise.reject(new ToolError('Too many MCP servers are in use at the moment. Try again later.'));
    }
    const entry: Entry = { server, connection: null, opening: Promise.resolve().then(() => this.open(entry)) };
    this.entries.set(keyOf(server), entry);
    return entry.opening;
  }

  /** The next one to ask need not wait. */
  forgive(server: ServerName): void {
    this.failures.delete(keyOf(server));
  }

  /** Another connection will be made when one is needed. */
  discard(server: ServerName, connection: Connection): void {
    const entry = this.entries.get(keyOf(server));
    if (entry?.connection === connection) this.drop(entry);
  }

  private async open(entry: Entry): Promise<Connection> {
    const key = keyOf(entry.server);
    try {
      const target = await this.servers.findTarget(entry.server.workspace_id, entry.server.id);
      if (!target) throw new ToolError(`The MCP server ${entry.server.name} is no longer there.`);
      const secrets = await this.secretsOf(target);
      const within = Math.min(CONNECT_MS, target.timeout_ms);
      const listener = { closed: () => this.forget(entry), toolsChanged: () => this.toolsChanged(entry.server) };
      const over = (failed: (reason: Error) => void) => this.transport(target, secrets, failed);
      const connection = await Connection.open(over, within, listener, Object.values(secrets));
      this.failures.delete(key);
      entry.connection = connection;
      if (this.entries.get(key) !== entry) await connection.leave(); // deleted meanwhile, or we stop
      return connection;
    } catch (error) {
      this.forget(entry);
      const count = (this.failures.get(key)?.count ?? 0) + 1;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
      this.failures.set(key, { count, until: Date.now() + pause });
      throw error;
    }
  }

  private transport(
    { id, url, command, args, timeout_ms }: McpTarget,
    secrets: Record<string, string>,
    failed: (reason: Error) => void,
  ): Transport {
    if (url !== null) {
      const fetch = boundedFetch((to, init) => this.outbound.fetch(to, init), timeout_ms + SLACK_MS, failed);
      return new (sdk().StreamableHTTPClientTransport)(new URL(url), { fetch, requestInit: { headers: secrets } });
    }
    const log = (text: string) => this.logger.debug(`MCP server ${id}: ${text}`);
    return new StdioTransport({ command: command ?? '', args, env: secrets, log });
  }

  private async secretsOf({ workspace_id, secret_id }: McpTarget): Promise<Record<string, string>> {
    if (secret_id === null) return {};
    return JSON.parse(await this.secrets.get(workspace_id, secret_id)) as Record<string, string>;
  }

  /** False when all there may be are in use. */
  private makeRoom({ transport }: ServerName): boolean {
    const all = [...this.entries.values()];
    const kind = transport === 'stdio' ? all.filter((entry) => entry.server.transport === 'stdio') : all;
    if (kind.length < (transport === 'stdio' ? MOST_PROCESSES : MOST_CONNECTIONS)) return true;
    const [idle] = kind.filter(isIdle).sort((a, b) => lastUse(a) - lastUse(b));
    if (!idle) return false;
    this.drop(idle);
    return true;
  }

  private closeIdle(): Promise<void> {
    const before = Date.now() - IDLE_MS;
    for (const entry of this.entries.values()) if (isIdle(entry) && lastUse(entry) < before) this.drop(entry);
    return Promise.resolve();
  }

  private drop(entry: Entry): void {
    this.forget(entry);
    entry.connection?.leave().catch((error: unknown) => {
      this.logger.warn(`a connection to the MCP server ${entry.server.id} did not close: ${String(error)}`);
    });
  }

  private forget(entry: Entry): void {
    const key = keyOf(entry.server);
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }
}

const keyOf = ({ workspace_id, id }: ServerName) => `${workspace_id}:${id}`;
const isIdle = ({ connection }: Entry) => connection?.calls === 0;
const lastUse = ({ connection }: Entry) => connection?.usedAt ?? Infinity;
