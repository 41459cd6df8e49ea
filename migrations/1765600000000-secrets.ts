import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What workspaces entrust to Parley, encrypted at rest. `key_id` says under which key, `ciphertext` holds its nonce and tag. */
export class Secrets1765600000000 implements MigrationInterface {
  name = 'Secrets1765600000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE secrets (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        key_id text NOT NULL,
        ciphertext bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX secrets_workspace ON secrets (workspace_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE secrets');
  }
}
