import {
  createPostgresBackend,
  DEFAULT_SCHEMA,
  type QueueOptions,
  runMigrations,
  setDefaultBackendFactory,
} from 'bullmq';
import { openPool } from '../database/pool';

/** A listening connection for each worker, and a few for all statements. */
const POOL_SIZE = 12;
const CONNECT_MS = 3_000;
const MAX_RECONNECT_MS = 500;

export const QUEUE_BACKEND = Symbol('QueueBackend');

/** Where jobs are kept. */
export interface QueueBackend {
  options: Pick<QueueOptions, 'connection' | 'prefix'>;
  close(): Promise<void>;
}

/** Jobs in Redis. Connects in its own time, for ever: a start does not wait for it. */
export function redisBackend(url: string): QueueBackend {
  const connection = {
    url,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: null, // BullMQ demands it: workers wait for Redis as long as it takes
    retryStrategy: (attempt: number) => Math.min(50 * attempt, MAX_RECONNECT_MS),
  };
  return { options: { connection, prefix: 'parley:{queue}' }, close: () => Promise.resolve() };
}

/** Jobs in PostgreSQL. One pool for all queues and workers: by itself BullMQ opens one for each. */
export function postgresBackend(url: string): QueueBackend {
  const pool = openPool(url, DEFAULT_SCHEMA, POOL_SIZE);
  pool.setMaxListeners(0); // each queue and worker has one
  setDefaultBackendFactory(createPostgresBackend);
  // BullMQ hands it to the backend as it is; Nest's types know Redis only.
  const connection = pool as unknown as QueueOptions['connection'];
  return { options: { connection }, close: () => pool.end() };
}

/** Brings BullMQ's own schema, `bullmq`, to what this build needs, one process at a time. */
export async function migrateQueues(url: string): Promise<void> {
  const pool = openPool(url, DEFAULT_SCHEMA, 1);
  try {
    const client = await pool.connect();
    await runMigrations(client, DEFAULT_SCHEMA).finally(() => client.release());
  } finally {
    await pool.end();
  }
}
