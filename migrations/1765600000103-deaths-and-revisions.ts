import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** How often a run's process died at one step, and what a tool was when it was called. */
export class DeathsAndRevisions1765600000103 implements MigrationInterface {
  name = 'DeathsAndRevisions1765600000103';

  async up(db: QueryRunner): Promise<void> {
    // For a while the tables were made with them.
    await db.query('ALTER TABLE agent_runs ADD COLUMN IF NOT EXISTS deaths int NOT NULL DEFAULT 0');
    await db.query('ALTER TABLE agent_steps ADD COLUMN IF NOT EXISTS revision text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE agent_steps DROP COLUMN revision');
    await db.query('ALTER TABLE agent_runs DROP COLUMN deaths');
  }
}
