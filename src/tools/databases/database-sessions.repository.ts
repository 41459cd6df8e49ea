import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Client, Pool, type PoolClient } from 'pg';
import { type EventEmitter } from 'node:events';
import { type Socket } from 'node:net';
import { ForbiddenAddress, OutboundService } from '../../platform/net/outbound.service';
import { ToolError } from '../tools.errors';
import { parseDatabaseUrl } from './database-url';
import { type DatabaseAddress, type RegisteredDatabase } from './databases.types';

/** Connections to one database. */
const MOST_CONNECTIONS = 3;
const CONNECT_MS = 5_000;
const IDLE_MS = 10_000;
/** What one use of a connection may bring, in bytes: many times what is kept of it. Looked at so often. */
const MOST_BYTES = 64 * 1024 * 1024;
const LOOK_MS = 100;

/** What is asked of a database within one read-only transaction. */
export type Ask = <Row>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>;

const SETTINGS = `
  SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true),
    set_config('idle_in_transaction_session_timeout', $1, true), set_config('search_path', $2, true),
    set_config('standard_conforming_strings', 'on', true), set_config('row_security', 'on', true)`;

interface Entry {
  workspaceId: string;
  pool: Promise<Pool>;
}

/** Connections to databases of workspaces: few of each, closed when they are idle or the database is gone. */
@Injectable()
export class DatabaseSessions implements OnApplicationShutdown {
  private readonly logger = new Logger(DatabaseSessions.name);
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly outbound: OutboundService) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.entries.keys()].map((id) => this.close(id)));
  }

  /**
   * Runs `work` in a transaction that changes nothing and is rolled back.
   * @param url is asked for when there is no connection; null when the database was deleted
   * Throws ToolError for what the database refuses and when it can't be reached, and the reason of `signal`.
   */
  async read<T>(
    workspaceId: string,
    database: RegisteredDatabase,
    url: () => Promise<string | null>,
    work: (ask: Ask) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const client = await this.connect(workspaceId, database, url);
    const abort = () => void streamOf(client).destroy();
    signal.addEventListener('abort', abort);
    const watch = watchOver(client);
    const ask: Ask = async <Row>(text: string, values: readonly unknown[] = []) => {
      // Extended even without parameters: the simple protocol takes several statements.
      const query = { text, values: [...values], queryMode: 'extended' as const };
      return (await client.query(query)).rows as Row[];
    };
    try {
      signal.throwIfAborted();
      await ask('BEGIN TRANSACTION READ ONLY');
      await ask(SETTINGS, [String(database.statement_timeout_ms), database.schemas.map(quoted).join(', ')]);
      return await work(ask);
    } catch (error) {
      signal.throwIfAborted();
      throw refused(error, database);
    } finally {
      const broken = await ask('ROLLBACK').then(
        () => false,
        () => true, // whatever it was, the connection is closed
      );
      clearInterval(watch);
      signal.removeEventListener('abort', abort);
      client.release(broken);
    }
  }

  /** Those of a workspace, or all. What is under way is finished. */
  forget(workspaceId: string | null): void {
    for (const [id, entry] of this.entries) {
      if (workspaceId === null || entry.workspaceId === workspaceId) {
        this.forgetOne(id);
      }
    }
  }

  private async connect(
    workspaceId: string,
    { id }: RegisteredDatabase,
    url: () => Promise<string | null>,
  ): Promise<PoolClient> {
    let entry = this.entries.get(id);
    if (!entry) {
      entry = { workspaceId, pool: this.open(id, url) };
      this.entries.set(id, entry);
    }
    const { pool } = entry;
    try {
      return await (await pool).connect();
    } catch (error) {
      if (this.entries.get(id)?.pool === pool) this.entries.delete(id);
      if (error instanceof ToolError) throw error;
      const why = error instanceof ForbiddenAddress ? 'its server is not a public one' : (error as Error).message;
      throw new ToolError(`The database can't be reached: ${why}.`);
    }
  }

  /** The address that was checked is the one connected to: names are resolved once for a pool. */
  private async open(id: string, url: () => Promise<string | null>): Promise<Pool> {
    const given = await url();
    if (given === null) throw new ToolError('This database has been deleted.');
    const address = parseDatabaseUrl(given);
    if (!address) throw new Error('a stored address of a database is none');
    const host = await this.outbound.addressOf(address.host);
    const pool = new Pool(settingsOf(address, host));
    pool.on('error', () => undefined); // an idle connection was lost; the next use opens another
    pool.on('connect', (client) => void client.on('error', () => undefined)); // whoever uses it is told
    pool.on('remove', () => {
      if (pool.totalCount === 0) this.forgetOne(id);
    });
    return pool;
  }

  private forgetOne(id: string): void {
    this.close(id).catch((error: unknown) => this.logger.warn(`a connection was not closed: ${String(error)}`));
  }

  private async close(id: string): Promise<void> {
    const entry = this.entries.get(id);
    this.entries.delete(id);
    const pool = await entry?.pool.catch(() => null); // one that was never opened
    if (pool && !pool.ending) await pool.end();
  }
}

/** What pg has inside, and its types don't tell of. */
interface Wire extends EventEmitter {
  attachListeners: (socket: Socket) => void;
}

/** Rounds of a password's hash (RFC 7677 has 4,096): a server that asks for a billion would keep a thread busy for hours. */
const MOST_ROUNDS = 1_000_000;

/** pg takes servers at their word: it throws where nobody could catch it when a message is shorter than it says. */
class WaryClient extends Client {
  constructor(...settings: ConstructorParameters<typeof Client>) {
    super(...settings);
    const wire = (this as unknown as { connection: Wire }).connection;
    const attach = wire.attachListeners.bind(wire);
    wire.attachListeners = (socket) => {
      const before = new Set(socket.listeners('data'));
      attach(socket);
      for (const hear of socket.listeners('data') as ((bytes: Buffer) => void)[]) {
        if (before.has(hear)) continue;
        socket.off('data', hear).on('data', (bytes: Buffer) => {
          try {
            hear(bytes);
          } catch (error) {
            socket.destroy(error as Error);
          }
        });
      }
    };
    wire.prependListener('authenticationSASLContinue', ({ data }: { data: string }) => {
      if (Number(/,i=(\d+)/.exec(data)?.[1] ?? 0) > MOST_ROUNDS) throw new Error('it asks for too much of a password');
    });
  }
}

/** The socket of a connection, which its types don't tell of. */
const streamOf = (client: PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

/** A server that is not what it says could send for ever. */
function watchOver(client: PoolClient): NodeJS.Timeout {
  const socket = streamOf(client);
  const before = socket.bytesRead;
  return setInterval(() => {
    if (socket.bytesRead - before > MOST_BYTES) socket.destroy();
  }, LOOK_MS);
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Everything is given, so that nothing is taken from this process's environment. */
function settingsOf({ sslmode, host, ...address }: DatabaseAddress, resolved: string) {
  const tls = { servername: host, rejectUnauthorized: sslmode === 'verify-full' };
  return {
    ...address,
    host: resolved,
    ssl: sslmode === 'disable' ? false : tls,
    application_name: 'parley',
    Client: WaryClient,
    max: MOST_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    options: '',
    client_encoding: 'UTF8',
  };
}

function refused(error: unknown, { statement_timeout_ms: ms }: RegisteredDatabase): unknown {
  if (error instanceof ToolError || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === '57014') return new ToolError(`It took longer than ${ms} ms. Ask for less, or by an index.`);
  if ('severity' in error) return new ToolError(`The database refused it: ${error.message}.`);
  return new ToolError(`The connection to the database was lost: ${error.message}.`);
}
