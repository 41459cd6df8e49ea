import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Answers to requests with an `Idempotency-Key`. While one is worked on, `lease_expires_at` is set and renewed by the
 * process that does; then `status` is, and the answer, gzipped: without a body when it was too long to keep.
 */
export class Idempotency1764600000001 implements MigrationInterface {
  name = 'Idempotency1764600000001';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE idempotency_keys (
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        principal_id uuid NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        claim uuid NOT NULL,
        lease_expires_at timestamptz,
        status int,
        headers jsonb,
        body bytea,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (workspace_id, principal_id, route, key),
        CHECK ((status IS NULL) = (lease_expires_at IS NOT NULL))
      );
      CREATE UNIQUE INDEX idempotency_keys_claim ON idempotency_keys (claim);
      CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE idempotency_keys');
  }
}
