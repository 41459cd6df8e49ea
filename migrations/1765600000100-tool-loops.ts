import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Conversations know the tools that are executed in their turns, and answers why a loop of model and tools ended. */
export class ToolLoops1765600000100 implements MigrationInterface {
  name = 'ToolLoops1765600000100';

  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE messages ADD COLUMN stop_reason text');
    await db.query("ALTER TABLE conversations ADD COLUMN tools text[] NOT NULL DEFAULT '{}'");
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE messages DROP COLUMN stop_reason');
    await db.query('ALTER TABLE conversations DROP COLUMN tools');
  }
}
