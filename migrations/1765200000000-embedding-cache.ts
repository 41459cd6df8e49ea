import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Vectors that were paid for once, so that the same text is not paid for again: by workspace, so that nobody can tell from
 * time or cost what another has. `vector` holds little-endian float32 numbers; `model` is `provider/model`.
 */
export class EmbeddingCache1765200000000 implements MigrationInterface {
  name = 'EmbeddingCache1765200000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE embedding_cache (
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        model text NOT NULL,
        dimensions int NOT NULL,
        sha256 bytea NOT NULL,
        vector bytea NOT NULL,
        last_used_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workspace_id, model, sha256)
      );
      ALTER TABLE embedding_cache ALTER COLUMN vector SET STORAGE EXTERNAL;
      CREATE INDEX embedding_cache_last_used ON embedding_cache (last_used_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE embedding_cache');
  }
}
