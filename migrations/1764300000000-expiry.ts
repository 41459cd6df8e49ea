import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Expired sessions and tokens are found without reading the whole table. */
export class Expiry1764300000000 implements MigrationInterface {
  name = 'Expiry1764300000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX sessions_expiry ON sessions (expires_at);
      CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
      CREATE INDEX password_resets_expiry ON password_resets (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX sessions_expiry, refresh_tokens_expiry, password_resets_expiry');
  }
}
