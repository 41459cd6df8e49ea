import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePort, start } from './processes.mjs';

/** A Redis that keeps nothing. Null where there is none on the PATH, unless one `mustBe` got. */
export async function startRedis(dataDir, mustBe) {
  const program = mustBe
    ? execFileSync(process.execPath, ['scripts/redis.mjs'], { cwd: root, encoding: 'utf8' }).trim()
    : process.env.PATH.split(delimiter)
        .map((folder) => join(folder, 'redis-server'))
        .find(existsSync);
  if (!program) return null;
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dataDir];
  await start(program, args, {}, /Ready to accept connections/);
  return `redis://127.0.0.1:${port}`;
}

const root = new URL('../..', import.meta.url).pathname;
