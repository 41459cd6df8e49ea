import { setTimeout as wait } from 'node:timers/promises';
import { type RedisConnection } from './redis-connection';
import { decode, entryId, logKey, type StreamEntry } from './redis-log-format';
import { type LogEntry } from './store.types';

const POLL_MS = 30;
const MAX_POLL_MS = 250;
/** Nothing for so long, and the writer may be dead. */
const SILENCE_MS = 2_500;
/** Most stream entries fetched at once. */
const PAGE = 500;

/** Reads logs that other processes write. Polls, rather than blocks: that needs no connection of its own for each reader. */
export class RedisLogReader {
  constructor(private readonly redis: RedisConnection) {}

  async *follow(key: string, after: number, signal: AbortSignal): AsyncGenerator<LogEntry[], undefined> {
    let seq = after;
    let pause = POLL_MS;
    let heard = performance.now();
    while (!signal.aborted && performance.now() - heard < SILENCE_MS) {
      const stream = await this.fetch(key, seq, PAGE).catch((error: unknown) => this.redis.complain(error));
      if (!stream) return;
      const { entries, more } = decode(stream, seq);
      seq += entries.length;
      if (entries.length > 0) yield entries;
      if (!more) return;
      if (entries.length > 0) {
        pause = POLL_MS;
        heard = performance.now();
      }
      if (stream.length === PAGE) continue;
      await wait(pause, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
      pause = Math.min(pause * 1.5, MAX_POLL_MS);
    }
  }

  /** Throws `service_unavailable` when Redis is away. */
  async read(key: string, after: number): Promise<LogEntry[]> {
    const stream = await this.redis.ask(() => this.fetch(key, after));
    return decode(stream, after).entries;
  }

  private fetch(key: string, after: number, most?: number): Promise<StreamEntry[]> {
    const range = [logKey(key), `(${entryId(after)}`, '+'] as const;
    return most === undefined ? this.redis.client.xrange(...range) : this.redis.client.xrange(...range, 'COUNT', most);
  }
}
