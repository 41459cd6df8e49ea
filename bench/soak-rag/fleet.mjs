import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, stopAll } from '../soak/processes.mjs';

const dist = new URL('../../dist/', import.meta.url).pathname;
const { startEmbeddedPostgres } = createRequire(import.meta.url)(
  join(dist, 'platform/database/embedded/embedded-postgres.js'),
);

/** An API that leaves all jobs to workers, on a database of its own; Linux, where it tells of parsers. */
export class Fleet {
  workers = [];
  /** Worker processes there ever were, with all they said. */
  started = [];

  static async begin(env = {}, redisFor = () => null) {
    const fleet = new Fleet();
    fleet.dataDir = mkdtempSync(join(tmpdir(), 'parley-fleet-'));
    chmodSync(fleet.dataDir, 0o755); // run by root, Postgres has a user of its own, who must reach it
    fleet.postgres = await startEmbeddedPostgres(fleet.dataDir, () => undefined);
    const redis = await redisFor(fleet.dataDir);
    writeFileSync(join(fleet.dataDir, 'parley.yaml'), 'throttle: { per_ip: 100000, per_mail: 100000 }\n');
    fleet.env = {
      DATABASE_URL: fleet.postgres.url,
      DATA_DIR: fleet.dataDir,
      JWT_SECRET: randomBytes(32).toString('hex'),
      ...(redis ? { REDIS_URL: redis } : {}),
      ...env,
    };
    const own = { ...fleet.env, HOST: '127.0.0.1', PORT: '0', WORKERS: 'off', LOG_LEVEL: 'warn' };
    fleet.api = await fleet.#start('main.js', own, /listens on http:\/\/localhost:(\d+)/);
    fleet.url = `http://127.0.0.1:${fleet.api.port}`;
    return fleet;
  }

  /** In the place of a former one, or in a new place. */
  async startWorker(place = this.workers.length) {
    this.workers[place] = await this.#start('worker.js', this.env, /(waiting) for jobs/);
    this.started.push(this.workers[place]);
    return this.workers[place];
  }

  async end() {
    await stopAll();
    await this.postgres.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  #start = (entry, env, ready) =>
    start(process.execPath, ['--enable-source-maps', join(dist, entry)], env, ready, this.dataDir);
}

/** As a crash does it. */
export const kill9 = (process) => end(process, 'SIGKILL');
/** As an operator does it. */
export const stop = (process) => end(process, 'SIGTERM');

async function end({ child }, signal) {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** Ids of the parsers of a worker. */
export const parsersOf = ({ child }) =>
  readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

export const isParser = (pid) =>
  existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('parser-process');
