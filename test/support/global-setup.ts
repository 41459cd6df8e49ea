import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dist } from './dist';

type EmbeddedPostgresModule = typeof import('../../src/platform/database/embedded/embedded-postgres');
type QueueModule = typeof import('../../src/platform/queue/queue-backend');
type MigrateModule = typeof import('../../src/platform/database/migrate');

/** One real Postgres for all suites, with a migrated template database that each suite clones; and where redis-server is. */
export default async function globalSetup(): Promise<void> {
  const cwd = join(__dirname, '../..');
  execFileSync('sh', ['scripts/ensure-build.sh'], { cwd, stdio: 'inherit' });
  const redis = execFileSync(process.execPath, ['scripts/redis.mjs'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  process.env['TEST_REDIS_SERVER'] = redis.toString().trim();
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-test-'));
  chmodSync(dataDir, 0o755); // run by root, Postgres has a user of its own, who must reach it
  const { startEmbeddedPostgres } = dist('platform/database/embedded/embedded-postgres') as EmbeddedPostgresModule;
  const { migrate } = dist('platform/database/migrate') as MigrateModule;
  const server = await startEmbeddedPostgres(dataDir, () => undefined);
  const { migrateQueues } = dist('platform/queue/queue-backend') as QueueModule;
  await migrate(server.url);
  await migrateQueues(server.url);
  process.env['TEST_TEMPLATE_URL'] = server.url;
  process.env['TEST_COMPILE_CACHE'] = join(dataDir, 'compiled');
  process.env['TEST_OPENAPI'] = join(dataDir, 'openapi.json');
  Object.assign(globalThis, { parleyTestServer: { server, dataDir } });
}
