import { Logger } from '@nestjs/common';
import { type ChainableCommander, Redis } from 'ioredis';
import { Complaints } from '../common/complaints';
import { storeAway } from './store.errors';

/** A command that takes longer has failed: a hung server must not hold requests. */
const COMMAND_MS = 1_500;
const CONNECT_MS = 3_000;
/** A connection that owes an answer for so long is dead, even if nobody told. */
const SILENT_MS = 3_000;
const MAX_RECONNECT_MS = 500;
const QUIT_MS = 500;

/** All keys of the store. What stands in braces decides the slot in a cluster: every command has one such key. */
export const storeKey = (name: string, kind: string): string => `parley:{${name}}:${kind}`;

/**
 * The store's connection. It reconnects for ever; meanwhile commands fail at once, none is kept or sent again, so that
 * none is ever executed twice.
 */
export class RedisConnection {
  readonly client: Redis;
  private readonly complaints = new Complaints(new Logger('Store'), 'Redis');
  private closing = false;

  constructor(url: string) {
    this.client = new Redis(url, {
      connectionName: 'parley-store',
      connectTimeout: CONNECT_MS,
      commandTimeout: COMMAND_MS,
      socketTimeout: SILENT_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(50 * attempt, MAX_RECONNECT_MS),
      // After a failover the former master refuses writes: connect anew, to the one that now has its name.
      reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    });
    this.client.on('error', (error) => this.complain(error));
    this.client.on('close', () => this.closing || this.complain(new Error('the connection was lost')));
    this.client.on('ready', () => this.complaints.over());
  }

  get ready(): boolean {
    return this.client.status === 'ready';
  }

  /** Called at each (re)connection: the server may have forgotten everything. */
  onReady(listener: () => void): void {
    this.client.on('ready', listener);
    if (this.ready) listener();
  }

  /** What a request asks for. Throws `service_unavailable` when there is no answer. */
  async ask<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    try {
      return await command(this.client);
    } catch (error) {
      throw storeAway(error);
    }
  }

  /** All commands in one round trip. Throws the first failure, except those whose message matches `expected`. */
  async run(pipeline: ChainableCommander, expected?: RegExp): Promise<unknown[]> {
    const results = (await pipeline.exec()) ?? [];
    const failure = results.find(([error]) => error && !expected?.test(error.message))?.[0];
    if (failure) throw failure;
    return results.map(([, answer]) => answer);
  }

  /** For what goes on without an answer. Logged now and then, not each time. */
  complain(error: unknown): void {
    this.complaints.about(error);
  }

  async close(): Promise<void> {
    this.closing = true;
    if (!this.ready) {
      this.client.disconnect();
      return;
    }
    const late = setTimeout(() => this.client.disconnect(), QUIT_MS);
    await this.client.quit().catch((error: unknown) => this.complain(error));
    clearTimeout(late);
  }
}
