import { spawn } from 'node:child_process';

/** The operating-system user a process runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * What the processes we start may see: nothing of ours, so that no PG* variable of the operator's leads them astray,
 * and messages stay in English.
 */
export const CLEAN_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

export interface Outcome {
  readonly ok: boolean;
  /** stdout and stderr, or why the program could not be started. */
  readonly output: string;
}

/** Runs a program to its end, from `/` because `account` may not be able to read the current directory. Never throws. */
export function run(file: string, args: readonly string[], account?: Account): Promise<Outcome> {
  return new Promise((resolve) => {
    const failed = (error: unknown) => resolve({ ok: false, output: String(error) });
    let child;
    try {
      child = spawn(file, args, {
        cwd: '/',
        env: CLEAN_ENVIRONMENT,
        stdio: ['ignore', 'pipe', 'pipe'],
        ...account,
      });
    } catch (error) {
      failed(error); // such as EPERM: root without the capability to become another user
      return;
    }
    let output = '';
    const collect = (chunk: Buffer) => (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', failed);
    child.once('close', (code) => resolve({ ok: code === 0, output: output.trim() }));
  });
}
