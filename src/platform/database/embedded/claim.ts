import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { ConfigError } from '../../config/env';
import { type Cluster, SUPERUSER } from './cluster';
import { findPostmaster, type Postmaster, removeStalePidFile } from './pid-file';
import { launch } from './postmaster';

/** `parley` in ASCII. Taken in the database `postgres`, where no other lock of ours can meet it. */
const OWNER_LOCK = 0x7061726c6579;
const RETRY_MS = 250;
/** How long a PostgreSQL may be in other hands or in our way: its owner may be stopping. */
const PATIENCE_MS = 15_000;
/** How long it may take to recover from a crash. */
const RECOVERY_MS = 120_000;
const CONNECT_MS = 5000;

/** A running PostgreSQL that is ours as long as `connection` lives. */
export interface Claim {
  readonly connection: Client;
  /** Resolves when `connection` has ended, for whatever reason. */
  readonly lost: Promise<void>;
  readonly postmaster: Postmaster;
}

export interface ClaimOptions {
  /** Where it has to listen. Default: any free port. */
  readonly port?: number;
  /** Ends the waiting; throws its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Makes the PostgreSQL of `cluster` ours: starts it when it isn't running, takes it over when its owner is dead, waits
 * up to 15 s when its owner lives. Throws ConfigError when it stays in other hands or does not start.
 */
export async function claim(cluster: Cluster, { port, signal }: ClaimOptions = {}): Promise<Claim> {
  let waitingSince = Date.now();
  let launched = false;
  for (;;) {
    signal?.throwIfAborted();
    let obstacle: string;
    const running = await findPostmaster(cluster.data);
    if (running) {
      const result = await takeOver(cluster, running, port);
      if (typeof result !== 'string') return result;
      obstacle = result;
    } else {
      const result = await launch(cluster, port ?? (await freePort()));
      if (!('reason' in result)) {
        if (!launched) waitingSince = Date.now();
        launched = true;
        continue; // it is running: take it, or find that another start was faster
      }
      obstacle = await clearWay(cluster, result.reason);
    }
    const limit = running && running.status !== 'ready' ? RECOVERY_MS : PATIENCE_MS;
    if (Date.now() - waitingSince > limit) throw new ConfigError(obstacle);
    await sleep(RETRY_MS, undefined, { signal });
  }
}

/** A claim, or the sentence why not. */
async function takeOver(
  { dataDir, data, password }: Cluster,
  postmaster: Postmaster,
  port: number | undefined,
): Promise<Claim | string> {
  if (postmaster.status !== 'ready') {
    return `The PostgreSQL of ${dataDir} (process ${postmaster.pid}) is ${postmaster.status || 'starting'}`;
  }
  const connection = new Client({
    host: '127.0.0.1',
    port: postmaster.port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    application_name: `parley ${process.pid}`, // tells others who the owner is
    connectionTimeoutMillis: CONNECT_MS,
  });
  connection.on('error', () => undefined); // its end is what counts; unheard, an error would end the process
  const lost = new Promise<void>((resolve) => connection.once('end', resolve));
  try {
    await connection.connect();
    const obstacle = await lock(connection, { dataDir, data }, port === undefined || port === postmaster.port);
    if (obstacle === null) return { connection, lost, postmaster };
    await connection.end();
    return obstacle;
  } catch (error) {
    await connection.end().catch(() => undefined);
    if (error instanceof DatabaseError && error.code === '28P01') {
      throw new ConfigError(
        `The PostgreSQL of ${dataDir} refuses the password kept beside it: restore the one it was made with`,
      );
    }
    return `The PostgreSQL of ${dataDir} (process ${postmaster.pid}) can't be reached: ${String(error)}`;
  }
}

async function lock(
  connection: Client,
  { dataDir, data }: Pick<Cluster, 'dataDir' | 'data'>,
  rightPort: boolean,
): Promise<string | null> {
  const { rows: servers } = await connection.query<{ data_directory: string }>('SHOW data_directory');
  const directory = servers[0]?.data_directory;
  if (directory !== data) return `The PostgreSQL found for ${data} works on ${directory}`;
  if (!rightPort) return inUse(dataDir, await ownerOf(connection));

  const { rows } = await connection.query<{ ours: boolean }>('SELECT pg_try_advisory_lock($1) AS ours', [OWNER_LOCK]);
  return rows[0]?.ours ? null : inUse(dataDir, await ownerOf(connection));
}

const inUse = (dataDir: string, owner: string | undefined) =>
  `The data directory ${dataDir} is in use by another running Parley${owner ? ` (process ${owner})` : ''}`;

/** The process id of the Node that holds the lock. A bigint lock key is two halves in pg_locks. */
async function ownerOf(connection: Client): Promise<string | undefined> {
  const { rows } = await connection.query<{ pid: string }>(
    `SELECT substring(a.application_name FROM '^parley (\\d+)$') AS pid
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint << 32 | l.objid::bigint = $1`,
    [OWNER_LOCK],
  );
  return rows[0]?.pid;
}

/** What goes away by itself or by our help is an obstacle; anything else is thrown. */
async function clearWay({ data, logFile }: Cluster, reason: string): Promise<string> {
  if (/lock file "postmaster.pid" (already exists|is empty)/.test(reason)) await removeStalePidFile(data);
  else if (!/pre-existing shared memory|could not create any TCP\/IP sockets|not ready after/.test(reason)) {
    throw new ConfigError(`PostgreSQL did not start: ${reason} (see ${logFile})`);
  }
  return `PostgreSQL did not start: ${reason} (see ${logFile})`;
}

/** Free now; whoever takes it before PostgreSQL does costs one more try. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}
