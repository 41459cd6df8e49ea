import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of a process, in bytes; 0 when it is gone. */
export async function residentBytes(pid: number): Promise<number> {
  try {
    const kb =
      process.platform === 'linux' ? await fromProc(pid) : (await run('ps', ['-o', 'rss=', '-p', String(pid)])).stdout;
    return Number.parseInt(kb, 10) * 1024 || 0;
  } catch {
    return 0; // it ended meanwhile, which is heard otherwise
  }
}

async function fromProc(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? '0';
}
