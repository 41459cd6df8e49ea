import { setTimeout as sleep } from 'node:timers/promises';
import { type LogEntry, type Store, type StreamLogs } from '../../src/platform/store/store.types';
import { type MemoryWindows } from '../../src/platform/store/memory-windows';
import { dist } from './dist';
import { anyRedis } from './redis';
import { until } from './until';

type MemoryModule = typeof import('../../src/platform/store/memory-store');
type RedisModule = typeof import('../../src/platform/store/redis-store');
type WindowsModule = typeof import('../../src/platform/store/memory-windows');

export const { memoryStore } = dist('platform/store/memory-store') as MemoryModule;
export const { redisStore } = dist('platform/store/redis-store') as RedisModule;

const windows = dist('platform/store/memory-windows') as WindowsModule;

export const memoryWindows = (clock: () => number): MemoryWindows => new windows.MemoryWindows(clock);

/** Two processes' views of one store; with the memory driver there is only one process. */
export interface Pair {
  near: Store;
  far: Store;
  stop(): Promise<void>;
}

/** Small ones, so that tests reach them. */
const BOUNDS = { logChars: 10_000, closedChars: 30_000, closedMs: 60_000 };

/** Every driver keeps the same contract. */
export const DRIVERS: [name: string, start: () => Promise<Pair>][] = [
  [
    'memory',
    () => {
      const store = memoryStore(BOUNDS);
      return Promise.resolve({ near: store, far: store, stop: () => store.close() });
    },
  ],
  [
    'redis',
    async () => {
      const redis = await anyRedis();
      return redisPair(redis.url, () => redis.stop());
    },
  ],
];

export async function redisPair(url: string, stopRedis: () => Promise<void>): Promise<Pair> {
  const [near, far] = [redisStore(url, BOUNDS), redisStore(url, BOUNDS)];
  await Promise.all([connected(near), connected(far)]);
  const stop = async () => {
    await Promise.all([near.close(), far.close()]);
    await stopRedis();
  };
  return { near, far, stop };
}

export const connected = (store: Store): Promise<boolean> =>
  until(() =>
    store.ping!().then(
      () => true,
      () => false,
    ),
  );

/**
 * Follows until `count` entries after `after` came, again and again when an end comes before, as clients do. `mostBatches`:
 * goes away after so many and follows anew.
 */
export async function collect(
  logs: StreamLogs,
  key: string,
  after: number,
  count: number,
  mostBatches = Infinity,
): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const over = AbortSignal.timeout(20_000);
  while (entries.length < count) {
    over.throwIfAborted();
    let batches = 0;
    for await (const batch of logs.follow(key, after + entries.length, over)) {
      entries.push(...batch);
      if (entries.length >= count || ++batches >= mostBatches) break;
    }
    await sleep(2); // nothing may be there to follow
  }
  return entries;
}

/** All there is to follow, to the end. */
export async function toEnd(logs: StreamLogs, key: string, after = 0): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const batch of logs.follow(key, after, AbortSignal.timeout(20_000))) entries.push(...batch);
  return entries;
}
