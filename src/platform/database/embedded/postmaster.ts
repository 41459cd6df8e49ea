import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster';
import { findPostmaster, type Postmaster, runsOn } from './pid-file';
import { type Account, CLEAN_ENVIRONMENT } from './run';

const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** Recovery after a crash replays at most `max_wal_size` (1 GB) of log. */
const READY_WITHIN_MS = 120_000;
const FAST_SHUTDOWN_MS = 10_000;
const POLL_MS = 20;

/** A PostgreSQL that ended before it was ready, in its own words. */
export interface LaunchFailure {
  readonly reason: string;
}

/**
 * Starts PostgreSQL on 127.0.0.1:`port` and waits until it takes connections. It outlives this process and hears no
 * Ctrl-C: it is in a session of its own and writes to a file.
 */
export async function launch(cluster: Cluster, port: number): Promise<Postmaster | LaunchFailure> {
  const log = openLog(cluster.logFile, cluster.account);
  const child = spawn(cluster.postgres, serverArguments(cluster.data, port), {
    cwd: '/',
    env: CLEAN_ENVIRONMENT,
    detached: true,
    stdio: ['ignore', log.descriptor, log.descriptor],
    ...cluster.account,
  });
  closeSync(log.descriptor);
  child.unref();
  let ended: (() => string) | undefined;
  child.once('error', (error) => (ended = () => error.message));
  // Its log is read only while it is waited for: at a later end the files may be gone already.
  child.once('exit', (code, signal) => {
    ended = () => complaint(cluster.logFile, log.offset, child.pid) ?? `exit ${code ?? signal}`;
  });

  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    await sleep(POLL_MS);
    if (ended) return { reason: ended() };
    const postmaster = await findPostmaster(cluster.data);
    if (postmaster?.pid === child.pid && postmaster?.status === 'ready') return postmaster;
    if (Date.now() > deadline) {
      child.kill('SIGQUIT');
      return { reason: `not ready after ${READY_WITHIN_MS / 1000} s` };
    }
  }
}

/** Fast shutdown, and a hard one when that takes longer than 10 s. Returns once the process is gone. */
export async function shutDown(pid: number, data: string, log: (message: string) => void): Promise<void> {
  await signal(pid, data, 'SIGINT');
  if (await goneWithin(FAST_SHUTDOWN_MS, pid, data)) return;
  log('PostgreSQL is slow to stop: stopping it hard, it will recover at the next start');
  await signal(pid, data, 'SIGQUIT');
  if (!(await goneWithin(FAST_SHUTDOWN_MS, pid, data))) log(`PostgreSQL (process ${pid}) did not stop`);
}

async function signal(pid: number, data: string, name: NodeJS.Signals): Promise<void> {
  if (!(await runsOn(pid, data))) return;
  try {
    process.kill(pid, name);
  } catch {
    // It went in between.
  }
}

async function goneWithin(ms: number, pid: number, data: string): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (await runsOn(pid, data)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Given on the command line, so that clusters made by older versions get today's settings. */
function serverArguments(data: string, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '', // their paths are limited to 107 bytes, and nobody needs them
    max_connections: '200', // several processes of ours, each with its pools
    shared_buffers: '128MB',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** PostgreSQL's user owns it, so that root's start doesn't lock an ordinary user out; a planted link is refused. */
function openLog(file: string, account: Account | undefined): { descriptor: number; offset: number } {
  if (existsSync(file) && statSync(file).size > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  const fresh = !existsSync(file);
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const descriptor = openSync(file, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
  if (fresh && account) fchownSync(descriptor, account.uid, account.gid);
  return { descriptor, offset: fstatSync(descriptor).size };
}

/** What process `pid` gave up for, from what was written since `offset`: another start may have written there too. */
function complaint(file: string, offset: number, pid: number | undefined): string | undefined {
  const written = readFileSync(file).subarray(offset).toString();
  const own = new RegExp(`\\[${pid}\\] ((?:FATAL|PANIC): .*)`).exec(written);
  return own?.[1] ?? written.trim().split('\n').at(-1);
}
