import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What it takes to tell a stream again and to cancel an answer from any process. */
export class ResumableStreams1764200000000 implements MigrationInterface {
  name = 'ResumableStreams1764200000000';

  async up(db: QueryRunner): Promise<void> {
    // Null for messages that are there already: how their events were cut is not known.
    await db.query('ALTER TABLE messages ADD COLUMN event_lengths int[]');
    await db.query(`
      ALTER TABLE messages
        ALTER COLUMN event_lengths SET DEFAULT '{}',
        ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE messages DROP COLUMN event_lengths, DROP COLUMN cancel_requested');
  }
}
