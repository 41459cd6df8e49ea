import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Runs of agents, and their steps: calls of the model, and of tools. */
export class AgentRuns1765600000101 implements MigrationInterface {
  name = 'AgentRuns1765600000101';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE agent_runs (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        api_key_id uuid,
        agent_id uuid,
        agent_version int,
        request_id text NOT NULL,
        settings jsonb NOT NULL,
        status text NOT NULL CHECK (status IN
          ('queued', 'running', 'waiting_for_approval', 'completed', 'stopped', 'failed', 'cancelled')),
        stop_reason text,
        finish_reason text,
        output text NOT NULL DEFAULT '',
        error jsonb,
        usage jsonb NOT NULL,
        cost_usd numeric(24, 12),
        elapsed_ms int NOT NULL DEFAULT 0,
        job_version int NOT NULL DEFAULT 0,
        enqueued_at timestamptz,
        lease_owner uuid,
        lease_expires_at timestamptz,
        cancel_requested boolean NOT NULL DEFAULT false,
        segment int NOT NULL DEFAULT 0,
        log_base int NOT NULL DEFAULT 0,
        told int NOT NULL DEFAULT 0,
        resumed int[] NOT NULL DEFAULT '{}',
        decide_by timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz
      )`);
    await db.query('CREATE INDEX agent_runs_owner ON agent_runs (workspace_id, user_id, id)');
    await db.query('CREATE INDEX agent_runs_user ON agent_runs (user_id)');
    await db.query(
      `CREATE INDEX agent_runs_live ON agent_runs (status, enqueued_at) WHERE status IN ('queued', 'running', 'waiting_for_approval')`,
    );
    await db.query(`
      CREATE TABLE agent_steps (
        id uuid PRIMARY KEY,
        run_id uuid NOT NULL REFERENCES agent_runs (id) ON DELETE CASCADE,
        workspace_id uuid NOT NULL,
        seq int NOT NULL,
        kind text NOT NULL CHECK (kind IN ('model_call', 'tool_call')),
        status text NOT NULL CHECK (status IN ('pending', 'waiting', 'running', 'complete', 'partial')),
        parts jsonb,
        provider text,
        model text,
        usage jsonb,
        cost_usd numeric(24, 12),
        call_id text,
        name text,
        arguments text,
        side_effects text,
        idempotent boolean,
        wait_reason text,
        decision text,
        decided_arguments text,
        decision_reason text,
        decided_by uuid,
        result jsonb,
        first_event int,
        event_lengths int[],
        started_at timestamptz,
        duration_ms int,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (run_id, seq)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE agent_steps');
    await db.query('DROP TABLE agent_runs');
  }
}
