import { DataSource } from 'typeorm';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';

type MigrateModule = typeof import('../../src/platform/database/migrate');
type DataSourceModule = typeof import('../../src/platform/database/data-source');

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());

  it('backs every foreign key by an index that begins with its columns', async () => {
    const bare = await database.query(`
      SELECT c.conrelid::regclass::text AS "table", c.conname AS key FROM pg_constraint c
      WHERE c.contype = 'f' AND c.conparentid = 0 AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
          AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(c.conkey)] @> c.conkey)`);
    expect(bare).toEqual([]);
  });

  it('is there once when several processes bring it about at the same time', async () => {
    const { migrate } = dist('platform/database/migrate') as MigrateModule;
    const empty = await freshDatabase();
    try {
      await empty.query('DROP SCHEMA public CASCADE');
      await empty.query('CREATE SCHEMA public');

      const ran = await Promise.all([migrate(empty.url), migrate(empty.url), migrate(empty.url)]);

      expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
      expect(await empty.query('SELECT * FROM users')).toEqual([]);
    } finally {
      await empty.drop();
    }
  });

  it('can be taken back and brought about again', async () => {
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;

    const again = await freshDatabase();
    const db = await new DataSource(dataSourceOptions(again.url)).initialize();
    try {
      const migrations = await db.query<unknown[]>('SELECT * FROM migrations');
      for (let left = migrations.length; left > 0; left--) await db.undoLastMigration();
      const left = await again.query(
        `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'migrations'`,
      );
      expect(left).toEqual([]);
      await db.runMigrations();
      expect(await again.query('SELECT * FROM usage')).toEqual([]);
    } finally {
      await db.destroy();
      await again.drop();
    }
  });
});
