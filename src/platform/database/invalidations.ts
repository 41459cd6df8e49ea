import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Client } from 'pg';

type Listener = (key: string | null) => void;

const CHANNEL = 'parley_invalidate';
const RECONNECT_MS = 500;

/**
 * Tells every process on the database something by NOTIFY: to forget a cached value, to stop an answer. While the listening connection is away
 * nothing can be heard, so that on each (re)connection every listener is told to forget everything (`null`).
 */
@Injectable()
export class Invalidations implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Invalidations.name);
  private readonly listeners = new Map<string, Listener>();
  private client: Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(private readonly url: string) {}

  /** One listener per topic. It must forget at once and not throw; null means forget all. */
  on(topic: string, listener: Listener): void {
    this.listeners.set(topic, listener);
  }

  /**
   * The SQL and parameters that announce it: run inside the transaction of the change, it is heard exactly when the
   * change becomes visible, by this process too. Null means forget all.
   */
  announcement(topic: string, key: string | null): [sql: string, parameters: string[]] {
    return ['SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify([topic, key])]];
  }

  async onModuleInit(): Promise<void> {
    await this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.retry) clearTimeout(this.retry);
    await this.client?.end();
  }

  /** Whether changes made elsewhere are heard now. */
  get connected(): boolean {
    return this.client !== null;
  }

  private async connect(): Promise<void> {
    const client = new Client({ connectionString: this.url, application_name: 'parley-listen', keepAlive: true });
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => this.heard(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined); // it may never have been connected
      if (!this.client) this.reconnectLater(error);
      return;
    }
    this.client = client;
    for (const listener of this.listeners.values()) listener(null);
  }

  private heard(payload: string): void {
    const [topic, key] = JSON.parse(payload) as [string, string | null];
    this.listeners.get(topic)?.(key);
  }

  private lost(client: Client, error?: Error): void {
    if (this.client !== client) return;
    this.client = null;
    this.reconnectLater(error);
  }

  private reconnectLater(error: unknown): void {
    if (this.stopped) return;
    this.logger.warn(
      `the listening connection is away, trying again: ${error instanceof Error ? error.message : 'closed'}`,
    );
    for (const listener of this.listeners.values()) listener(null);
    this.retry = setTimeout(() => void this.connect(), RECONNECT_MS);
  }
}
