import { readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run';

/** What a running PostgreSQL says about itself in `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  /** On 127.0.0.1. 0 as long as it has not opened one. */
  readonly port: number;
  /** Line 8: `starting`, `ready`, `stopping`; empty before it is written. */
  readonly status: string;
}

/** The PostgreSQL that runs on `data` now, or null: a file left by a dead one doesn't count. */
export async function findPostmaster(data: string): Promise<Postmaster | null> {
  const postmaster = await readPidFile(data);
  return postmaster && (await runsOn(postmaster.pid, data)) ? postmaster : null;
}

/**
 * Whether process `pid` is the PostgreSQL of `data`, told by the command line `launch` gives it. The pid alone proves
 * nothing, it may be anybody's by now; a zombie is not running and has no command line.
 */
export async function runsOn(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') {
    // Readable even for root in a container, who may not look into another user's process any further.
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const [, option, directory] = commandLine.split('\0');
    return option === '-D' && directory === data;
  }
  const { ok, output } = await run('ps', ['-o', 'stat=,command=', '-p', String(pid)]);
  return ok && !output.startsWith('Z') && output.includes(` -D ${data} `);
}

const UNWRITTEN_MS = 5000;

/**
 * Removes a `postmaster.pid` that stops PostgreSQL although nothing runs: its pid is a zombie's or another program's, or
 * it is empty since the machine went down. PostgreSQL's own check of the shared memory still guards the data afterwards.
 */
export async function removeStalePidFile(data: string): Promise<void> {
  if (await findPostmaster(data)) return;
  const file = join(data, 'postmaster.pid');
  try {
    const beingWritten = !(await readPidFile(data)) && Date.now() - (await stat(file)).mtimeMs < UNWRITTEN_MS;
    if (!beingWritten) await unlink(file);
  } catch {
    // Gone in the meantime, which is all we want.
  }
}

async function readPidFile(data: string): Promise<Postmaster | null> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return { pid, port: Number(lines[3] ?? 0) || 0, status: lines[7] ?? '' };
}
