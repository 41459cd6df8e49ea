import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What tools may do in a workspace, where somebody has said so. */
export class ToolSettings1765600000010 implements MigrationInterface {
  name = 'ToolSettings1765600000010';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE tool_settings (
        workspace_id uuid PRIMARY KEY REFERENCES workspaces ON DELETE CASCADE,
        allowed_hosts text[],
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE tool_settings');
  }
}
