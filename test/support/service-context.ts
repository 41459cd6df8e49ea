import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { freshDatabase, type TestDatabase } from './database';
import { dist } from './dist';

type ConfigModule = typeof import('../../src/platform/config/config.service');
type AppModule = typeof import('../../src/app.module');

/** The services of the built application in this process, on a database of their own, without HTTP. */
export interface ServiceContext {
  app: INestApplicationContext;
  database: TestDatabase;
  /** Someone new, as services know who pays. */
  payer(): Promise<{ workspaceId: string; userId: string; apiKeyId: null }>;
  stop(): Promise<void>;
}

export async function startServices(env: Record<string, string> = {}, yaml = ''): Promise<ServiceContext> {
  const { Config } = dist('platform/config/config.service') as ConfigModule;
  const { AppModule } = dist('app.module') as AppModule;
  const database = await freshDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-services-'));
  const settings = join(dataDir, 'parley.yaml');
  writeFileSync(settings, yaml);
  const given = { DATABASE_URL: database.url, DATA_DIR: dataDir, PARLEY_CONFIG: settings, LOG_LEVEL: 'silent', ...env };
  const app = await NestFactory.createApplicationContext(AppModule.of(Config.load(given), database.url), {
    logger: false,
  });
  const payer = async () => {
    const [userId, workspaceId] = [randomUUID(), randomUUID()];
    await database.query(`INSERT INTO users (id, email, password_hash) VALUES ($1::uuid, $1 || '@example.com', '')`, [
      userId,
    ]);
    await database.query('INSERT INTO workspaces (id, name, personal_of) VALUES ($1, $2, $3)', [
      workspaceId,
      'test',
      userId,
    ]);
    return { workspaceId, userId, apiKeyId: null };
  };
  const stop = async () => {
    await app.close();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { app, database, payer, stop };
}
