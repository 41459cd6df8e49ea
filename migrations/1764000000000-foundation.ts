import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** People, tenants, credentials, conversations, and the two tables of the ledger: call leases and usage rows. */
export class Foundation1764000000000 implements MigrationInterface {
  name = 'Foundation1764000000000';

  async up(db: QueryRunner): Promise<void> {
    for (const statement of [PEOPLE, CREDENTIALS, CONVERSATIONS, LEDGER]) await db.query(statement);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE usage, call_leases, messages, conversations, password_resets, api_keys, refresh_tokens, sessions, memberships, workspaces, users;
      DROP FUNCTION message_text(jsonb), ensure_usage_partitions(timestamptz, int)`);
  }
}

const PEOPLE = `
  CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text,
    password_hash text NOT NULL,
    -- Access tokens carry it: raising it makes all earlier ones worthless.
    token_version int NOT NULL DEFAULT 0,
    is_admin boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE UNIQUE INDEX users_email ON users (lower(email));

  CREATE TABLE workspaces (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    personal_of uuid REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE UNIQUE INDEX workspaces_personal_of ON workspaces (personal_of);

  CREATE TABLE memberships (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id)
  );
  CREATE INDEX memberships_user ON memberships (user_id, workspace_id);`;

const CREDENTIALS = `
  -- A session is a family of refresh tokens, each rotated into the next. Revoking it is deleting it.
  CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX sessions_user ON sessions (user_id);

  -- Used ones are kept until they would have expired, to notice when a stolen one comes back.
  CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
  );
  CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

  -- A key belongs to a member of a workspace and goes with the membership.
  CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash bytea NOT NULL,
    scopes text[],
    expires_at timestamptz,
    replaced_by uuid,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships ON DELETE CASCADE
  );
  CREATE UNIQUE INDEX api_keys_hash ON api_keys (key_hash);
  CREATE INDEX api_keys_listing ON api_keys (workspace_id, user_id, id);

  -- Single use: using one deletes all of its user's.
  CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
  );
  CREATE INDEX password_resets_user ON password_resets (user_id);`;

const CONVERSATIONS = `
  CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    title text,
    model text,
    system_prompt text,
    metadata jsonb NOT NULL DEFAULT '{}',
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(title, ''))) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
  );
  CREATE INDEX conversations_listing ON conversations (workspace_id, user_id, id);
  CREATE INDEX conversations_user ON conversations (user_id);
  CREATE INDEX conversations_search ON conversations USING gin (search);

  CREATE FUNCTION message_text(parts jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(part ->> 'text', '' ORDER BY position), '')
    FROM jsonb_array_elements(parts) WITH ORDINALITY AS p (part, position) WHERE part ->> 'type' = 'text'
  $$;

  -- seq orders messages within a conversation. A running answer carries its process's lease; a conversation has at most one.
  CREATE TABLE messages (
    id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    parent_id uuid REFERENCES messages ON DELETE SET NULL,
    seq int NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'assistant', 'tool')),
    parts jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'complete', 'partial', 'failed', 'cancelled')),
    model text,
    provider text,
    finish_reason text,
    usage jsonb,
    cost_usd numeric(24,12),
    unpriced boolean NOT NULL DEFAULT false,
    latency_ms int,
    ttft_ms int,
    error jsonb,
    lease_owner uuid,
    lease_expires_at timestamptz,
    -- Not while running: a checkpoint a second would index the whole text again each time.
    search tsvector GENERATED ALWAYS AS (
      CASE WHEN status <> 'running' THEN to_tsvector('simple', left(message_text(parts), 100000)) END
    ) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'running') = (lease_owner IS NOT NULL))
  );
  CREATE UNIQUE INDEX messages_order ON messages (conversation_id, seq);
  CREATE UNIQUE INDEX messages_running ON messages (conversation_id) WHERE status = 'running';
  CREATE INDEX messages_leases ON messages (lease_expires_at) WHERE status = 'running';
  CREATE INDEX messages_parent ON messages (parent_id);
  CREATE INDEX messages_workspace ON messages (workspace_id);
  CREATE INDEX messages_search ON messages USING gin (search);`;

/**
 * A lease stands for a dispatched call whose usage row is not written yet, and becomes that row: both have the same id.
 * \`tally\` is the usage row as it would be written now, so that a sweep can write it for a dead process.
 * Usage rows name their owners without foreign keys: spending outlives users, keys and workspaces.
 */
const LEDGER = `
  CREATE TABLE call_leases (
    id uuid PRIMARY KEY,
    owner uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    tally jsonb NOT NULL
  );
  CREATE INDEX call_leases_expiry ON call_leases (expires_at);

  CREATE TABLE usage (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    api_key_id uuid,
    end_user text,
    kind text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    input_tokens int NOT NULL,
    output_tokens int NOT NULL,
    cached_tokens int NOT NULL,
    cache_write_tokens int NOT NULL,
    reasoning_tokens int NOT NULL,
    cost_usd numeric(24,12),
    estimated boolean NOT NULL,
    outcome text NOT NULL,
    error_code text,
    latency_ms int NOT NULL,
    ttft_ms int,
    request_id text NOT NULL,
    message_id uuid,
    PRIMARY KEY (id, at)
  ) PARTITION BY RANGE (at);
  CREATE INDEX usage_workspace ON usage (workspace_id, at);
  CREATE INDEX usage_user ON usage (workspace_id, user_id, at);
  -- Catches rows outside the months made so far, so that none is ever refused.
  CREATE TABLE usage_rest PARTITION OF usage DEFAULT;

  CREATE FUNCTION ensure_usage_partitions(around timestamptz, months_ahead int) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    month_start timestamptz;
    partition text;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_usage_partitions'));
    FOR ahead IN 0..months_ahead LOOP
      month_start := (date_trunc('month', around AT TIME ZONE 'UTC') + make_interval(months => ahead)) AT TIME ZONE 'UTC';
      partition := 'usage_' || to_char(month_start AT TIME ZONE 'UTC', 'YYYY_MM');
      CONTINUE WHEN to_regclass(partition) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I PARTITION OF usage FOR VALUES FROM (%L) TO (%L)', partition, month_start,
        (date_trunc('month', around AT TIME ZONE 'UTC') + make_interval(months => ahead + 1)) AT TIME ZONE 'UTC');
    END LOOP;
  END $$;
  SELECT ensure_usage_partitions(now(), 2);`;
