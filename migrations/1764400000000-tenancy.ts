import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The audit log, invitations, and what members, keys, people and workspaces can be held to: rules, tiers, suspension.
 * Everything there is stays unrestricted.
 */
export class Tenancy1764400000000 implements MigrationInterface {
  name = 'Tenancy1764400000000';

  async up(db: QueryRunner): Promise<void> {
    for (const statement of [AUDIT, INVITATIONS, RESTRICTIONS]) await db.query(statement);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE users DROP COLUMN tier, DROP COLUMN suspended_at;
      ALTER TABLE workspaces DROP COLUMN tier, DROP COLUMN suspended_at;
      ALTER TABLE api_keys DROP COLUMN tier, DROP COLUMN allowed_models, DROP COLUMN max_tokens_per_request,
        DROP COLUMN allowed_ips;
      ALTER TABLE memberships DROP COLUMN allowed_models, DROP COLUMN max_tokens_per_request, DROP COLUMN allowed_ips,
        DROP COLUMN expires_at;
      DROP TABLE invitations, audit_log;
      DROP FUNCTION refuse_audit_change()`);
  }
}

/**
 * Rows name people and things without foreign keys: what happened outlives them. They go with their workspace, and in
 * no other way; those without a workspace are about the installation.
 */
const AUDIT = `
  CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    workspace_id uuid REFERENCES workspaces ON DELETE CASCADE,
    actor_id uuid,
    api_key_id uuid,
    action text NOT NULL,
    target_type text NOT NULL,
    target_id uuid NOT NULL,
    changes jsonb NOT NULL,
    ip text,
    request_id text
  );
  CREATE INDEX audit_log_workspace ON audit_log (workspace_id, id);
  CREATE INDEX audit_log_actor ON audit_log (workspace_id, actor_id, id);

  CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' AND OLD.workspace_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM workspaces WHERE id = OLD.workspace_id) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to';
  END $$;
  CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
  CREATE TRIGGER audit_log_not_emptied BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();`;

/** An invitation belongs to the member who made it and goes with the membership. Using or revoking one deletes it. */
const INVITATIONS = `
  CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    invited_by uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    token_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, invited_by) REFERENCES memberships ON DELETE CASCADE
  );
  CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
  CREATE UNIQUE INDEX invitations_address ON invitations (workspace_id, lower(email));
  CREATE INDEX invitations_inviter ON invitations (workspace_id, invited_by);
  CREATE INDEX invitations_listing ON invitations (workspace_id, id);
  CREATE INDEX invitations_expiry ON invitations (expires_at);`;

/** Null is no restriction. An empty list is not stored: it would allow nothing. */
const RESTRICTIONS = `
  ALTER TABLE users ADD COLUMN suspended_at timestamptz, ADD COLUMN tier text;
  ALTER TABLE workspaces ADD COLUMN suspended_at timestamptz, ADD COLUMN tier text;
  ALTER TABLE memberships ADD COLUMN expires_at timestamptz, ADD COLUMN allowed_models text[], ADD COLUMN max_tokens_per_request int,
    ADD COLUMN allowed_ips text[];
  ALTER TABLE api_keys ADD COLUMN tier text, ADD COLUMN allowed_models text[],
    ADD COLUMN max_tokens_per_request int, ADD COLUMN allowed_ips text[];`;
