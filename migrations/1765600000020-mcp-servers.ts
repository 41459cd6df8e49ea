import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * MCP servers of workspaces. Their headers or environment are a secret, of which only the names stand here; `tools` is what
 * the server listed last, `checked_at` when it was last asked for that, `error` why that failed.
 */
export class McpServers1765600000020 implements MigrationInterface {
  name = 'McpServers1765600000020';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE mcp_servers (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        name text NOT NULL,
        transport text NOT NULL CHECK (transport IN ('http', 'stdio')),
        url text,
        command text,
        args text[] NOT NULL DEFAULT '{}',
        secret_names text[] NOT NULL DEFAULT '{}',
        secret_id uuid REFERENCES secrets (id),
        timeout_ms int NOT NULL,
        side_effects text NOT NULL CHECK (side_effects IN ('none', 'reads', 'writes')),
        trust_annotations boolean NOT NULL,
        allowed_tools text[],
        tools jsonb NOT NULL DEFAULT '[]',
        listed_at timestamptz,
        checked_at timestamptz,
        error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK (CASE transport WHEN 'http' THEN url IS NOT NULL AND command IS NULL ELSE command IS NOT NULL AND url IS NULL END)
      );
      CREATE UNIQUE INDEX mcp_servers_name ON mcp_servers (workspace_id, name);
      CREATE INDEX mcp_servers_secret ON mcp_servers (secret_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE mcp_servers');
  }
}
