import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Saved agents. What an agent is told and may use is in its versions, which are only added to; `current_version` is the
 * one it is run with unless told otherwise. `name` is that of the current version, to be unique among the living.
 */
export class Agents1765600000040 implements MigrationInterface {
  name = 'Agents1765600000040';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE agents (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        name text NOT NULL,
        current_version int NOT NULL DEFAULT 1,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz
      );
      CREATE INDEX agents_workspace ON agents (workspace_id, id);
      CREATE UNIQUE INDEX agents_name ON agents (workspace_id, name) WHERE deleted_at IS NULL;

      CREATE TABLE agent_versions (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL,
        agent_id uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
        version int NOT NULL,
        definition jsonb NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (agent_id, version)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE agent_versions, agents');
  }
}
