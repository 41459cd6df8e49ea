import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** HTTP tools that workspaces describe. A name is one tool's in a workspace; headers are a secret, of which names are told. */
export class CustomTools1765600000001 implements MigrationInterface {
  name = 'CustomTools1765600000001';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE custom_tools (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        kind text NOT NULL CHECK (kind IN ('endpoint', 'openapi')),
        title text NOT NULL,
        header_names text[] NOT NULL,
        secret_id uuid REFERENCES secrets (id),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX custom_tools_workspace ON custom_tools (workspace_id, id);
      CREATE INDEX custom_tools_secret ON custom_tools (secret_id);
      CREATE TABLE custom_tool_operations (
        workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        name text NOT NULL,
        custom_tool_id uuid NOT NULL REFERENCES custom_tools (id) ON DELETE CASCADE,
        position int NOT NULL,
        operation jsonb NOT NULL,
        PRIMARY KEY (workspace_id, name)
      );
      CREATE INDEX custom_tool_operations_tool ON custom_tool_operations (custom_tool_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE custom_tool_operations, custom_tools');
  }
}
