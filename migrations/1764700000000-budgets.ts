import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * A budget carries the sums of its current window (`window_start`; `-infinity` for `total`): whoever touches it in a
 * later window begins that one at zero. `reserved` is the sum of the reservations made since then that name it. A
 * reservation is what a call under way may still cost; one whose process died expires like the leases of its calls.
 * An alert is told to `alert_url` until it was heard, whichever process does it.
 */
export class Budgets1764700000000 implements MigrationInterface {
  name = 'Budgets1764700000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE workspaces ADD COLUMN allow_unpriced boolean NOT NULL DEFAULT false;

      CREATE TABLE budgets (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        subject_type text NOT NULL CHECK (subject_type IN ('workspace', 'member', 'api_key')),
        subject_id uuid NOT NULL,
        period text NOT NULL CHECK (period IN ('day', 'month', 'total')),
        limit_usd numeric(24,12) CHECK (limit_usd >= 0),
        limit_tokens bigint CHECK (limit_tokens >= 0),
        alert_at float8[] NOT NULL,
        alert_url text,
        window_start timestamptz NOT NULL,
        spent_usd numeric(24,12) NOT NULL DEFAULT 0,
        spent_tokens bigint NOT NULL DEFAULT 0,
        reserved_usd numeric(24,12) NOT NULL DEFAULT 0,
        reserved_tokens bigint NOT NULL DEFAULT 0,
        alerted float8 NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CHECK (num_nonnulls(limit_usd, limit_tokens) > 0),
        UNIQUE (workspace_id, subject_id, period)
      ) WITH (fillfactor = 70);

      CREATE TABLE reservations (
        id uuid PRIMARY KEY,
        call_id uuid NOT NULL,
        workspace_id uuid NOT NULL,
        budget_ids uuid[] NOT NULL,
        at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        usd numeric(24,12) NOT NULL,
        tokens bigint NOT NULL
      );
      CREATE INDEX reservations_call ON reservations (call_id);
      CREATE INDEX reservations_expiry ON reservations (expires_at);

      CREATE TABLE budget_alerts (
        id uuid PRIMARY KEY,
        budget_id uuid NOT NULL REFERENCES budgets ON DELETE CASCADE,
        at timestamptz NOT NULL DEFAULT now(),
        threshold float8 NOT NULL,
        window_start timestamptz NOT NULL,
        spent_usd numeric(24,12) NOT NULL,
        spent_tokens bigint NOT NULL,
        attempts int NOT NULL DEFAULT 0,
        next_attempt_at timestamptz DEFAULT now(),
        delivered_at timestamptz,
        error text
      );
      CREATE INDEX budget_alerts_budget ON budget_alerts (budget_id, id);
      CREATE INDEX budget_alerts_due ON budget_alerts (next_attempt_at) WHERE next_attempt_at IS NOT NULL`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE budget_alerts, reservations, budgets;
      ALTER TABLE workspaces DROP COLUMN allow_unpriced`);
  }
}
