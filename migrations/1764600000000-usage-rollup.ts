import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Usage by the hour, so that a report reads hours and not calls. A row of `usage` is in them exactly when it is `folded`;
 * rows of before are folded by the running processes, batch by batch. Rows 'interrupted' never are: the truth may still
 * replace them. End users are as many as callers care to name, so they have hours of their own, and the others stay few.
 */
export class UsageRollup1764600000000 implements MigrationInterface {
  name = 'UsageRollup1764600000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE usage ADD COLUMN folded boolean NOT NULL DEFAULT false;
      CREATE INDEX usage_unfolded ON usage (workspace_id, at) WHERE NOT folded;

      CREATE TABLE usage_hours (
        workspace_id uuid NOT NULL,
        hour timestamptz NOT NULL,
        user_id uuid NOT NULL,
        api_key_id uuid,
        kind text NOT NULL,
        provider text NOT NULL,
        model text NOT NULL,
        ${SUMS},
        UNIQUE NULLS NOT DISTINCT (workspace_id, hour, user_id, api_key_id, kind, provider, model)
      ) WITH (fillfactor = 70);

      CREATE TABLE usage_end_users (
        workspace_id uuid NOT NULL,
        hour timestamptz NOT NULL,
        user_id uuid NOT NULL,
        end_user text,
        ${SUMS},
        UNIQUE NULLS NOT DISTINCT (workspace_id, hour, user_id, end_user)
      ) WITH (fillfactor = 70)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE usage_hours, usage_end_users;
      DROP INDEX usage_unfolded;
      ALTER TABLE usage DROP COLUMN folded`);
  }
}

/** Of attempts that count: \`requests\` and \`errors\`; of all: the rest. */
const SUMS = `
        requests bigint NOT NULL,
        input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        cached_tokens bigint NOT NULL,
        cost_usd numeric(30,12) NOT NULL,
        unpriced bigint NOT NULL,
        errors bigint NOT NULL`;
