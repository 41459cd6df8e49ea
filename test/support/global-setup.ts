import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dist } from './dist';

type EmbeddedPostgresModule = typeof import('../../src/platform/database/embedded/embedded-postgres');
type QueueModule = typeof import('../../src/platform/queue/queue-backend');
type MigrateModule = typeof import('../../src/platform/database/migrate');

/** What the databases of all suites may need. */
const ROOM_BYTES = 4 * 1024 ** 3;

/** One real Postgres for all suites, with a migrated template database that each suite clones; and where redis-server is. */
export default async function globalSetup(): Promise<void> {
  const cwd = join(__dirname, '../..');
  execFileSync('sh', ['scripts/ensure-build.sh'], { cwd, stdio: 'inherit' });
  const redis = execFileSync(process.execPath, ['scripts/redis.mjs'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  process.env['TEST_REDIS_SERVER'] = redis.toString().trim();
  const [dataDir, filesDir] = [openDir(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir()), openDir(tmpdir())];
  const { startEmbeddedPostgres } = dist('platform/database/embedded/embedded-postgres') as EmbeddedPostgresModule;
  const { migrate } = dist('platform/database/migrate') as MigrateModule;
  const server = await startEmbeddedPostgres(dataDir, () => undefined);
  const { migrateQueues } = dist('platform/queue/queue-backend') as QueueModule;
  await migrate(server.url);
  await migrateQueues(server.url);
  process.env['TEST_TEMPLATE_URL'] = server.url;
  process.env['TEST_COMPILE_CACHE'] = join(dataDir, 'compiled');
  process.env['TEST_OPENAPI'] = join(dataDir, 'openapi.json');
  process.env['TMPDIR'] = filesDir; // what processes that are killed leave there goes with it
  Object.assign(globalThis, { parleyTestServer: { server, dirs: [dataDir, filesDir] } });
}

/** Run by root, Postgres has a user of its own, who must reach it. */
function openDir(parent: string): string {
  const dir = mkdtempSync(join(parent, 'parley-test-'));
  chmodSync(dir, 0o755);
  return dir;
}

/** A database is made for each suite, hundreds of files that live for seconds: in memory that costs a tenth. */
function hasRoom(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize > ROOM_BYTES;
  } catch {
    return false; // other systems have none
  }
}
