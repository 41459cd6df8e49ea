import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../config/env';
import { claim, type Claim } from './claim';
import { type Cluster, openCluster, sweepUnfinished, SUPERUSER } from './cluster';
import { findPostmaster, type Postmaster } from './pid-file';
import { shutDown } from './postmaster';

/** A PostgreSQL of our own, for when there is no `DATABASE_URL`. */
export interface EmbeddedPostgres {
  /** `postgres://…` of the database `parley`. */
  readonly url: string;
  /** Fast shutdown, waits until it is down. Idempotent. */
  stop(): Promise<void>;
}

const DATABASE = 'parley';
const RESTART_EVERY_MS = 5000;

/**
 * Starts the PostgreSQL of `dataDir` (absolute, exists), or takes over the one a killed Parley left running. It is
 * started again when it dies by itself. Throws ConfigError when another Parley uses the directory (after 15 s, it may be
 * stopping) and for whatever else the operator has to put right.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  log: (message: string) => void,
): Promise<EmbeddedPostgres> {
  try {
    const cluster = await openCluster(dataDir, log);
    const first = await claim(cluster);
    try {
      await createDatabase(first);
      await sweepUnfinished(cluster);
    } catch (error) {
      await shutDown(first.postmaster.pid, cluster.data, log);
      throw error;
    }
    return new OwnedPostgres(cluster, first, log);
  } catch (error) {
    throw isSystemError(error) ? new ConfigError(`The database in ${dataDir} can't be used: ${error.message}`) : error;
  }
}

/**
 * The address of the PostgreSQL of `dataDir` while another process runs it; null when none does. Throws ConfigError when
 * there is no database yet, or it can't be used.
 */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | null> {
  if (!existsSync(join(dataDir, 'postgres'))) {
    throw new ConfigError(`There is no database in ${dataDir}: start Parley once, or set DATABASE_URL or DATA_DIR`);
  }
  const cluster = await openCluster(dataDir, () => undefined);
  const postmaster = await findPostmaster(cluster.data);
  return postmaster?.status === 'ready' ? urlOf(cluster, postmaster) : null;
}

const urlOf = ({ password }: Cluster, { port }: Postmaster) =>
  `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`;

async function createDatabase({ connection }: Claim): Promise<void> {
  const { rowCount } = await connection.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (!rowCount) await connection.query(`CREATE DATABASE ${DATABASE}`);
}

const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

class OwnedPostgres implements EmbeddedPostgres {
  readonly url: string;
  private readonly stopped = new AbortController();
  private recovery: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly cluster: Cluster,
    private current: Claim,
    private readonly log: (message: string) => void,
  ) {
    this.url = urlOf(cluster, current.postmaster);
    this.watch();
  }

  stop(): Promise<void> {
    return (this.stopping ??= this.shutDown());
  }

  /** The lock is held until PostgreSQL itself ends it: let go earlier, a waiting start would take a PostgreSQL that is going down. */
  private async shutDown(): Promise<void> {
    this.stopped.abort();
    await this.recovery;
    await shutDown(this.current.postmaster.pid, this.cluster.data, this.log);
    await this.current.connection.end().catch(() => undefined);
  }

  private watch(): void {
    void this.current.lost.then(() => {
      if (!this.stopped.signal.aborted) this.recovery = this.recover();
    });
  }

  /** On the same port, so that every pool finds it again by itself. */
  private async recover(): Promise<void> {
    this.log(`The connection to PostgreSQL ended unexpectedly (see ${this.cluster.logFile}): bringing it back`);
    const { signal } = this.stopped;
    for (;;) {
      try {
        this.current = await claim(this.cluster, { port: this.current.postmaster.port, signal });
        this.watch();
        this.log('PostgreSQL is back');
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.log(`PostgreSQL could not be brought back: ${error instanceof Error ? error.message : String(error)}`);
        await sleep(RESTART_EVERY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
