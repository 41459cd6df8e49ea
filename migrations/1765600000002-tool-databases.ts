import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Databases that models of a workspace may read. Their addresses are secrets. */
export class ToolDatabases1765600000002 implements MigrationInterface {
  name = 'ToolDatabases1765600000002';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE tool_databases (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        secret_id uuid NOT NULL REFERENCES secrets (id),
        name text NOT NULL,
        host text NOT NULL,
        schemas text[] NOT NULL,
        max_rows int NOT NULL,
        statement_timeout_ms int NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (workspace_id, name)
      );
      CREATE INDEX tool_databases_secret ON tool_databases (secret_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE tool_databases');
  }
}
