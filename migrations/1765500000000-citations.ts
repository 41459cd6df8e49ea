import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Answers keep what they cite, conversations what they are grounded in. */
export class Citations1765500000000 implements MigrationInterface {
  name = 'Citations1765500000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query("ALTER TABLE messages ADD COLUMN citations jsonb NOT NULL DEFAULT '[]', ADD COLUMN not_ready jsonb");
    await db.query("ALTER TABLE conversations ADD COLUMN collection_ids uuid[] NOT NULL DEFAULT '{}'");
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE messages DROP COLUMN citations, DROP COLUMN not_ready');
    await db.query('ALTER TABLE conversations DROP COLUMN collection_ids');
  }
}
