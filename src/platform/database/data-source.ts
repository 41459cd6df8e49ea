import { join } from 'node:path';
import { type PoolConfig } from 'pg';
import { type DataSourceOptions } from 'typeorm';

/**
 * A connection that breaks just while it passes from the pool to a query has nobody listening to its error, which would
 * end the process. Whoever uses it next is told anyway.
 */
const pool: PoolConfig = {
  idleTimeoutMillis: 30_000,
  onConnect: (client) => void client.on('error', () => undefined),
};

/** Shared by the application and every tool that reaches its database. Tables come from migrations only. */
export const dataSourceOptions = (url: string) =>
  ({
    type: 'postgres',
    url,
    synchronize: false,
    migrations: [join(__dirname, '../../migrations/*.js')],
    migrationsTransactionMode: 'each',
    applicationName: 'parley',
    poolSize: 20,
    connectTimeoutMS: 5_000,
    extra: pool,
  }) satisfies DataSourceOptions;
