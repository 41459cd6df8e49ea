import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { newId } from '../platform/common/ids';
import { toJsonb } from '../platform/database/jsonb';
import { inWindow, RAISE_ALERT, reached, SUMS_LOCKED, WINDOW } from './budgets.sql';
import { COLUMNS, LATE_COLUMNS, toRow } from './usage-row';
import { type CallRecord } from './usage.types';

const VALUES = LATE_COLUMNS.map((column) => `${column} = EXCLUDED.${column}`).join(', ');

/** $1: ids of calls that live in this process. */
const EXPIRED = 'expires_at < now() AND NOT (id = ANY ($1))';

/** A lease not renewed for so long belongs to a dead process. */
const LEASE_SECONDS = 10;

/**
 * Commits without waiting for the disk: the caller waits for this. A lease guards against the death of a process, which
 * it survives; only the death of the database's machine within the last half second could lose one.
 */
const WITHOUT_WAITING = `set_config('synchronous_commit', 'off', true)`;

/**
 * Writes rows ($1), adds what they cost to every budget of their subjects, and gives back what the calls ($2) had
 * reserved there. Rows that were written before ($3, rare) are replaced by the truth, never by another estimate, and
 * only the difference is added. Budgets are locked in one order, so that no two processes wait for each other.
 */
const BILL = `
  WITH told AS (SELECT * FROM jsonb_populate_recordset(NULL::usage, $1::jsonb)),
  before AS (SELECT u.* FROM usage u JOIN told USING (id, at) WHERE u.id = ANY ($3::uuid[])),
  rows AS (
    SELECT told.* FROM told LEFT JOIN before USING (id, at)
    WHERE before.id IS NULL OR before.outcome = 'interrupted' OR told.outcome <> 'interrupted'),
  written AS (
    INSERT INTO usage (${COLUMNS}) SELECT ${COLUMNS} FROM rows ON CONFLICT (id, at) DO UPDATE SET ${VALUES}),
  charges AS (
    SELECT workspace_id, budget_subjects(workspace_id, user_id, api_key_id) AS subjects, at,
      coalesce(cost_usd, 0) AS usd, input_tokens::bigint + output_tokens AS tokens
    FROM rows
    UNION ALL
    SELECT workspace_id, budget_subjects(workspace_id, user_id, api_key_id), at,
      -coalesce(cost_usd, 0), -(input_tokens::bigint + output_tokens)
    FROM before WHERE id IN (SELECT id FROM rows)),
  released AS (DELETE FROM reservations WHERE call_id = ANY ($2::uuid[]) RETURNING *),
  touched AS (
    SELECT b.id FROM budgets b JOIN charges c
      ON b.workspace_id = c.workspace_id AND b.subject_id = ANY (c.subjects)
    UNION SELECT unnest(budget_ids) FROM released),
  locked AS (
    SELECT *, ${WINDOW} AS starts_at FROM budgets WHERE id = ANY (ARRAY (SELECT id FROM touched)) ORDER BY id FOR UPDATE),
  sums AS (
    SELECT id, starts_at,
      ${inWindow('spent_usd')} + coalesce(spent.usd, 0) AS spent_usd,
      ${inWindow('spent_tokens')} + coalesce(spent.tokens, 0) AS spent_tokens,
      ${inWindow('reserved_usd')} - coalesce(free.usd, 0) AS reserved_usd,
      ${inWindow('reserved_tokens')} - coalesce(free.tokens, 0) AS reserved_tokens,
      ${inWindow('alerted')} AS alerted
    FROM locked l,
      LATERAL (SELECT sum(usd) AS usd, sum(tokens) AS tokens FROM charges c
        WHERE c.workspace_id = l.workspace_id AND l.subject_id = ANY (c.subjects) AND c.at >= l.starts_at) AS spent,
      LATERAL (SELECT sum(usd) AS usd, sum(tokens) AS tokens FROM released r
        WHERE l.id = ANY (r.budget_ids) AND r.at >= l.starts_at) AS free)
  UPDATE budgets b SET window_start = s.starts_at, spent_usd = s.spent_usd, spent_tokens = s.spent_tokens,
    reserved_usd = s.reserved_usd, reserved_tokens = s.reserved_tokens,
    alerted = greatest(s.alerted, ${reached('s.spent_usd', 's.spent_tokens')})
  FROM sums s WHERE b.id = s.id
  RETURNING b.id, b.alerted > s.alerted AS crossed`;

/**
 * Leases of calls under way and the usage rows they become. A lease's `tally` is its usage row as JSON, so that both
 * are filled by the same conversion.
 */
@Injectable()
export class LedgerRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** @param owner the process */
  async openLeases(owner: string, calls: CallRecord[]): Promise<void> {
    await this.db.query(
      `INSERT INTO call_leases (id, owner, expires_at, tally)
       SELECT (tally ->> 'id')::uuid, $1, now() + make_interval(secs => ${LEASE_SECONDS}), tally
       FROM jsonb_array_elements($2::jsonb) AS tally, ${WITHOUT_WAITING}
       ON CONFLICT DO NOTHING`, // written before, by a try whose connection broke before it was told so
      [owner, toJsonb(calls.map(toRow))],
    );
  }

  /** Keeps the leases of living calls and carries what each has used so far. Returns the ids of those that are there. */
  async renewLeases(calls: CallRecord[]): Promise<Set<string>> {
    const [rows] = await this.db.query<[{ id: string }[]]>(
      `UPDATE call_leases SET expires_at = now() + make_interval(secs => ${LEASE_SECONDS}), tally = renewed.tally
       FROM jsonb_array_elements($1::jsonb) AS renewed (tally), ${WITHOUT_WAITING}
       WHERE call_leases.id = (renewed.tally ->> 'id')::uuid RETURNING call_leases.id`,
      [toJsonb(calls.map(toRow))],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Replaces leases by usage rows, and what their calls had reserved by what they cost. */
  async settle(attempts: CallRecord[], callIds: string[]): Promise<void> {
    const ids = attempts.map(({ id }) => id);
    await this.db.transaction(async (tx) => {
      const [{ freed }] = await tx.query<[{ freed: string[] }]>(
        `WITH freed AS (DELETE FROM call_leases WHERE id = ANY ($1) RETURNING id)
         SELECT ARRAY (SELECT id FROM freed) AS freed, ARRAY (${SUMS_LOCKED('unnest($2::uuid[])')})`,
        [ids, attempts.map(({ workspaceId }) => workspaceId)],
      );
      const rest = freed.length === ids.length ? [] : ids.filter((id) => !freed.includes(id));
      await bill(tx, attempts.map(toRow), callIds, rest);
    });
  }

  /** Lets go of leases of calls that were never dispatched. */
  async release(ids: string[]): Promise<void> {
    await this.db.query('DELETE FROM call_leases WHERE id = ANY ($1)', [ids]);
  }

  /**
   * Bills what dead processes left, from the last tally each lease carried. Returns how many, at most `limit`.
   * Processes never sweep the same lease, and none its own living calls, however late their leases are renewed.
   */
  sweepExpired(living: string[], limit: number): Promise<number> {
    return this.db.transaction(async (tx) => {
      const [{ tallies }] = await tx.query<[{ tallies: { id: string }[] }]>(
        `WITH expired AS (
           DELETE FROM call_leases WHERE id IN (
             SELECT id FROM call_leases WHERE ${EXPIRED} ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
           RETURNING tally)
         SELECT coalesce((SELECT jsonb_agg(tally) FROM expired), '[]') AS tallies,
           ARRAY (${SUMS_LOCKED(`(SELECT tally ->> 'workspace_id' FROM expired)`)})`,
        [living, limit],
      );
      if (tallies.length === 0) return 0;
      const ids = tallies.map(({ id }) => id);
      await bill(tx, tallies, [], ids);
      return tallies.length;
    });
  }

  /** Keeps the next expired lease, which can't be billed, out of the way of the others. Returns its tally for the log. */
  async setAside(living: string[]): Promise<unknown> {
    const [rows] = await this.db.query<[{ tally: unknown }[]]>(
      `UPDATE call_leases SET expires_at = 'infinity' WHERE id = (
         SELECT id FROM call_leases WHERE ${EXPIRED} ORDER BY expires_at, id LIMIT 1)
       RETURNING tally`,
      [living],
    );
    return rows[0]?.tally;
  }

  async ensurePartitions(): Promise<void> {
    await this.db.query('SELECT ensure_usage_partitions(now(), 2)');
  }
}

async function bill(tx: EntityManager, rows: object[], callIds: string[], written: string[]): Promise<void> {
  const [budgets] = await tx.query<[{ id: string; crossed: boolean }[]]>(BILL, [toJsonb(rows), callIds, written]);
  for (const { id } of budgets.filter(({ crossed }) => crossed)) await tx.query(RAISE_ALERT, [newId(), id]);
}
