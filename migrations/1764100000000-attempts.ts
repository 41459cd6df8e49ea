import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * A call may take several attempts, each with a usage row of its own. Both columns stay empty in rows of before, and in
 * those a process of the version before writes meanwhile. Rows come in the order of time: a BRIN index finds the last
 * minutes of all workspaces at no cost.
 */
export class Attempts1764100000000 implements MigrationInterface {
  name = 'Attempts1764100000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE usage ADD COLUMN call_id uuid, ADD COLUMN superseded boolean;
      CREATE INDEX usage_time ON usage USING brin (at) WITH (pages_per_range = 16)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX usage_time; ALTER TABLE usage DROP COLUMN call_id, DROP COLUMN superseded');
  }
}
