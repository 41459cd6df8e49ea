import { join } from 'node:path';
import { type DataSourceOptions } from 'typeorm';

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
    extra: { idleTimeoutMillis: 30_000 },
  }) satisfies DataSourceOptions;
