import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * `reserve(asked, force, lease)` holds what calls may cost, one after the other, in the budgets that apply to each: in all of
 * them or in none. One round trip and one wait for the locks, however many calls, and plans that are made once a
 * connection: of a single statement, planning was the greater part.
 *
 * `asked`: [{ id, call_id, workspace_id, user_id, api_key_id, usd, tokens }]. `usd` null: the cost isn't known, which no USD budget
 * takes unless the workspace allows it. `force`: hold them whether they fit or not. Returns every budget that applies to
 * each, with what is left beside what is spent and reserved, and whether the amount fits.
 *
 * All budgets are locked first, in one order. A window is never turned back: a transaction that had to wait over
 * midnight finds one that is newer than its own `now()`. Commits don't wait for the disk: one that is lost with the
 * database's machine is made again when it is renewed.
 *
 * Alerts also keep the limits they were raised by.
 *
 * A key and those it was rotated into are one spender: `root_id` is the first of them, null for itself. Of their budgets
 * of one period that of the first key stays, else the oldest, with what all of them have spent.
 */
export class GroupedReservations1764900000000 implements MigrationInterface {
  name = 'GroupedReservations1764900000000';

  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE budget_alerts ADD COLUMN limit_usd numeric(24,12), ADD COLUMN limit_tokens bigint;
      UPDATE budget_alerts a SET limit_usd = b.limit_usd, limit_tokens = b.limit_tokens FROM budgets b WHERE b.id = a.budget_id;

      ALTER TABLE api_keys ADD COLUMN root_id uuid;
      WITH RECURSIVE line AS (
        SELECT id AS root, replaced_by AS id FROM api_keys k
        WHERE replaced_by IS NOT NULL AND NOT EXISTS (SELECT FROM api_keys b WHERE b.replaced_by = k.id)
        UNION ALL SELECT root, k.replaced_by FROM line JOIN api_keys k USING (id) WHERE k.replaced_by IS NOT NULL)
      UPDATE api_keys k SET root_id = root FROM line WHERE k.id = line.id;
      CREATE INDEX api_keys_root ON api_keys (root_id) WHERE root_id IS NOT NULL;

      CREATE FUNCTION budget_subjects(workspace_id uuid, user_id uuid, api_key_id uuid) RETURNS uuid[]
      LANGUAGE sql STABLE AS $$
        SELECT ARRAY[workspace_id, user_id, coalesce((SELECT k.root_id FROM api_keys k WHERE k.id = api_key_id), api_key_id)]
      $$;
      UPDATE budgets b SET subject_id = k.root_id FROM api_keys k
      WHERE k.id = b.subject_id AND k.root_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM budgets other JOIN api_keys o ON o.id = other.subject_id
        WHERE coalesce(o.root_id, o.id) = k.root_id AND other.period = b.period AND (o.root_id IS NULL OR other.id < b.id));
      DELETE FROM budgets b USING api_keys k WHERE k.id = b.subject_id AND k.root_id IS NOT NULL;
      UPDATE budgets b SET (spent_usd, spent_tokens) = (
        SELECT coalesce(sum(cost_usd), 0), coalesce(sum(input_tokens::bigint + output_tokens), 0) FROM usage u
        WHERE u.workspace_id = b.workspace_id AND u.at >= b.window_start
          AND u.api_key_id IN (SELECT id FROM api_keys WHERE b.subject_id IN (id, root_id)))
      WHERE b.subject_id IN (SELECT root_id FROM api_keys);

      CREATE FUNCTION reserve(asked jsonb, force boolean, lease interval) RETURNS TABLE (
        reservation_id uuid, id uuid, subject_type text, subject_id uuid, period text, limit_usd numeric,
        limit_tokens bigint, left_usd numeric, left_tokens bigint, unpriced boolean, fits boolean, resets_at timestamptz)
      LANGUAGE plpgsql AS $$
      #variable_conflict use_column
      DECLARE
        locked uuid[];
        call record;
      BEGIN
        PERFORM set_config('synchronous_commit', 'off', true);
        locked := ARRAY (
          SELECT b.id FROM budgets b WHERE (b.workspace_id, b.subject_id) IN (
            SELECT c.workspace_id, unnest(budget_subjects(c.workspace_id, c.user_id, c.api_key_id))
            FROM jsonb_to_recordset(asked) AS c (workspace_id uuid, user_id uuid, api_key_id uuid))
          ORDER BY b.id FOR UPDATE);
        FOR call IN SELECT *, budget_subjects(workspace_id, user_id, api_key_id) AS subjects
          FROM jsonb_to_recordset(asked) AS c (
            id uuid, call_id uuid, workspace_id uuid, user_id uuid, api_key_id uuid, usd numeric, tokens bigint)
        LOOP
          RETURN QUERY
          WITH windowed AS (
            SELECT *, greatest(window_start, CASE period WHEN 'total' THEN '-infinity'::timestamptz
              ELSE date_trunc(period, now(), 'UTC') END) AS starts_at
            FROM budgets b
            WHERE b.id = ANY (locked) AND b.workspace_id = call.workspace_id AND b.subject_id = ANY (call.subjects)),
          summed AS (
            SELECT *,
              CASE WHEN window_start = starts_at THEN spent_usd ELSE 0 END AS spent_usd_now,
              CASE WHEN window_start = starts_at THEN spent_tokens ELSE 0 END AS spent_tokens_now,
              CASE WHEN window_start = starts_at THEN reserved_usd ELSE 0 END AS reserved_usd_now,
              CASE WHEN window_start = starts_at THEN reserved_tokens ELSE 0 END AS reserved_tokens_now,
              call.usd IS NULL AND NOT (SELECT allow_unpriced FROM workspaces w WHERE w.id = call.workspace_id)
                AS refuses_unpriced
            FROM windowed),
          judged AS (
            SELECT *, limit_usd - spent_usd_now - reserved_usd_now AS left_usd,
              limit_tokens - spent_tokens_now - reserved_tokens_now AS left_tokens,
              limit_usd IS NOT NULL AND refuses_unpriced AS unpriced,
              (limit_usd IS NULL OR NOT refuses_unpriced
                AND (coalesce(call.usd, 0) = 0 OR spent_usd_now + reserved_usd_now + call.usd <= limit_usd))
              AND (limit_tokens IS NULL OR spent_tokens_now + reserved_tokens_now + call.tokens <= limit_tokens) AS fits
            FROM summed),
          verdict AS (
            SELECT bool_and(fits) OR force AS taken, array_agg(id) AS ids, max(starts_at) AS newest FROM judged),
          held AS (
            UPDATE budgets b SET window_start = j.starts_at, spent_usd = j.spent_usd_now,
              spent_tokens = j.spent_tokens_now, reserved_usd = j.reserved_usd_now + coalesce(call.usd, 0),
              reserved_tokens = j.reserved_tokens_now + call.tokens,
              alerted = CASE WHEN b.window_start = j.starts_at THEN b.alerted ELSE 0 END
            FROM judged j, verdict WHERE b.id = j.id AND verdict.taken),
          noted AS (
            INSERT INTO reservations (id, call_id, workspace_id, budget_ids, at, expires_at, usd, tokens)
            SELECT call.id, call.call_id, call.workspace_id, ids, greatest(now(), newest), now() + lease,
              coalesce(call.usd, 0), call.tokens
            FROM verdict WHERE taken AND ids IS NOT NULL)
          SELECT call.id, id, subject_type, subject_id, period, limit_usd, limit_tokens, left_usd, left_tokens, unpriced,
            fits, CASE period WHEN 'total' THEN NULL
              ELSE (starts_at AT TIME ZONE 'UTC' + ('1 ' || period)::interval) AT TIME ZONE 'UTC' END
          FROM judged;
        END LOOP;
      END $$`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP FUNCTION reserve(jsonb, boolean, interval);
      DROP FUNCTION budget_subjects(uuid, uuid, uuid);
      ALTER TABLE api_keys DROP COLUMN root_id;
      ALTER TABLE budget_alerts DROP COLUMN limit_usd, DROP COLUMN limit_tokens`);
  }
}
