import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { dist } from './dist';

type ConfigModule = typeof import('../../src/platform/config/config.service');
type DataSourceModule = typeof import('../../src/platform/database/data-source');
type InvalidationsModule = typeof import('../../src/platform/database/invalidations');
type KeyRingModule = typeof import('../../src/platform/secrets/key-ring');
type SecretsRepositoryModule = typeof import('../../src/platform/secrets/secrets.repository');
type SecretsModule = typeof import('../../src/platform/secrets/secrets.service');
type AuditRepositoryModule = typeof import('../../src/audit/audit.repository');
type AuditModule = typeof import('../../src/audit/audit.service');
type OutboundModule = typeof import('../../src/platform/net/outbound.service');

/** What tools are made of, in this process and on a running service's database: as another replica has them. */
export async function ownServices(url: string, env: Record<string, string>, yaml: string) {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-own-'));
  const settings = join(dataDir, 'parley.yaml');
  writeFileSync(settings, yaml);
  const { Config } = dist('platform/config/config.service') as ConfigModule;
  const config = Config.load({ DATA_DIR: dataDir, PARLEY_CONFIG: settings, ...env });
  const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
  const db = await new DataSource(dataSourceOptions(url)).initialize();
  const invalidations = new (dist('platform/database/invalidations') as InvalidationsModule).Invalidations(url);
  await invalidations.onModuleInit();
  const keys = new (dist('platform/secrets/key-ring') as KeyRingModule).KeyRing(config);
  const rows = new (dist('platform/secrets/secrets.repository') as SecretsRepositoryModule).SecretsRepository(db);
  const secrets = new (dist('platform/secrets/secrets.service') as SecretsModule).SecretsService(keys, rows);
  const entries = new (dist('audit/audit.repository') as AuditRepositoryModule).AuditRepository(db);
  const audit = new (dist('audit/audit.service') as AuditModule).AuditService(entries);
  const outbound = new (dist('platform/net/outbound.service') as OutboundModule).OutboundService(config);
  const stop = async () => {
    await outbound.onApplicationShutdown();
    await invalidations.onApplicationShutdown();
    await db.destroy();
    rmSync(dataDir, { recursive: true });
  };
  return { config, db, invalidations, secrets, audit, outbound, stop };
}
