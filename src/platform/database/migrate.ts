import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source';

/** Any number, the same in every version: all processes of all versions take turns under it. */
const MIGRATION_LOCK = 7_155_399_012;

/**
 * Brings the database to this build's schema, one process at a time. Returns the names of the migrations it ran.
 * Throws when one fails (it is rolled back), so that nothing starts on half a schema.
 */
export async function migrate(url: string): Promise<string[]> {
  const db = await new DataSource(dataSourceOptions(url)).initialize();
  try {
    const runner = db.createQueryRunner();
    try {
      await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const done = await db.runMigrations({ transaction: 'each' });
      return done.map(({ name }) => name);
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      await runner.release();
    }
  } finally {
    await db.destroy();
  }
}
