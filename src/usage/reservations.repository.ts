import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { formatUsd, parseUsd } from '../platform/common/money';
import { inWindow, RESETS_AT, WINDOW } from './budgets.sql';
import { type Amount, type BudgetSubject, type JudgedBudget, type Reservation } from './budgets.types';

/** A reservation not renewed for so long belongs to a dead process. */
const LEASE_SECONDS = 10;
const EXPIRY = `now() + make_interval(secs => ${LEASE_SECONDS})`;

/**
 * All or none, in one statement. The budgets that apply ($2 workspace, $3 subjects) are locked in one order and judged
 * by their latest sums: each must have room for $4 USD and $5 tokens beside what is spent and reserved. $6: the cost
 * isn't known, which no USD budget takes unless the workspace allows it. $7: hold it whether it fits or not.
 */
const RESERVE = `
  WITH locked AS (
    SELECT *, ${WINDOW} AS starts_at FROM budgets
    WHERE workspace_id = $2 AND subject_id = ANY ($3::uuid[]) ORDER BY id FOR UPDATE),
  summed AS (
    SELECT *, ${inWindow('spent_usd')} AS spent_usd_now, ${inWindow('spent_tokens')} AS spent_tokens_now,
      ${inWindow('reserved_usd')} AS reserved_usd_now, ${inWindow('reserved_tokens')} AS reserved_tokens_now,
      $6 AND NOT (SELECT allow_unpriced FROM workspaces w WHERE w.id = $2) AS refuses_unpriced
    FROM locked),
  judged AS (
    SELECT *, limit_usd - spent_usd_now - reserved_usd_now AS left_usd,
      limit_tokens - spent_tokens_now - reserved_tokens_now AS left_tokens,
      limit_usd IS NOT NULL AND refuses_unpriced AS unpriced,
      (limit_usd IS NULL OR NOT refuses_unpriced AND ($4::numeric = 0 OR spent_usd_now + reserved_usd_now + $4 <= limit_usd))
      AND (limit_tokens IS NULL OR spent_tokens_now + reserved_tokens_now + $5 <= limit_tokens) AS fits
    FROM summed),
  verdict AS (SELECT bool_and(fits) OR $7 AS taken, array_agg(id) AS ids, max(starts_at) AS newest FROM judged),
  held AS (
    UPDATE budgets b SET window_start = j.starts_at, spent_usd = j.spent_usd_now, spent_tokens = j.spent_tokens_now,
      reserved_usd = j.reserved_usd_now + $4, reserved_tokens = j.reserved_tokens_now + $5,
      alerted = CASE WHEN b.window_start = j.starts_at THEN b.alerted ELSE 0 END
    FROM judged j, verdict WHERE b.id = j.id AND verdict.taken),
  noted AS (
    INSERT INTO reservations (id, call_id, workspace_id, budget_ids, at, expires_at, usd, tokens)
    SELECT $8, $1, $2, ids, greatest(now(), newest), ${EXPIRY}, $4, $5 FROM verdict WHERE taken)
  SELECT id, subject_type, subject_id, period, limit_usd, limit_tokens, left_usd, left_tokens, unpriced, fits,
    ${RESETS_AT} AS resets_at
  FROM judged`;

type JudgedRow = Omit<JudgedBudget, 'limit_usd' | 'left_usd' | 'limit_tokens' | 'left_tokens'> &
  Record<'limit_usd' | 'left_usd' | 'limit_tokens' | 'left_tokens', string | null>;

/** What calls under way may still cost. */
@Injectable()
export class ReservationsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** For each caller whether any budget applies to it. */
  async budgeted(callers: Principal[]): Promise<boolean[]> {
    const rows = await this.db.query<{ budgeted: boolean }[]>(
      `SELECT EXISTS (SELECT FROM budgets b WHERE b.workspace_id = c.workspace_id AND b.subject_id IN (c.workspace_id, c.user_id, c.api_key_id)) AS budgeted
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS c (workspace_id, user_id, api_key_id, i) ORDER BY i`,
      [
        callers.map(({ workspaceId }) => workspaceId),
        callers.map(({ userId }) => userId),
        callers.map(({ apiKeyId }) => apiKeyId),
      ],
    );
    return rows.map(({ budgeted }) => budgeted);
  }

  /** Returns every budget that applies and whether the amount fits into it; it is held if it fits into all, or by `force`. */
  async reserve({ id, callId, principal, amount }: Reservation, force: boolean): Promise<JudgedBudget[]> {
    const rows = await this.db.query<JudgedRow[]>(RESERVE, [
      callId,
      principal.workspaceId,
      subjectsOf(principal),
      formatUsd(amount.usd ?? 0n),
      amount.tokens,
      amount.usd === null,
      force,
      id,
    ]);
    return rows.map((row) => ({
      ...row,
      limit_usd: usd(row.limit_usd),
      left_usd: usd(row.left_usd),
      limit_tokens: count(row.limit_tokens),
      left_tokens: count(row.left_tokens),
    }));
  }

  /** Keeps those of living calls. Returns the ids of those that are there. */
  async renew(ids: string[]): Promise<Set<string>> {
    const [rows] = await this.db.query<[{ id: string }[]]>(
      `UPDATE reservations SET expires_at = ${EXPIRY} WHERE id = ANY ($1) RETURNING id`,
      [ids],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Ids of calls, none of them `living`, whose reservations expired, at most `limit`: those of dead processes. A call that still has a lease is
   * billed first, so that at no instant its money is neither reserved nor spent.
   */
  async expired(living: string[], limit: number): Promise<string[]> {
    const rows = await this.db.query<{ call_id: string }[]>(
      `SELECT call_id FROM reservations r WHERE expires_at < now() AND NOT (r.call_id = ANY ($1))
         AND NOT EXISTS (SELECT FROM call_leases l WHERE l.tally ->> 'call_id' = r.call_id::text)
       LIMIT $2`,
      [living, limit],
    );
    return rows.map(({ call_id }) => call_id);
  }
}

/** Whom a budget may be of, to apply to what the caller does. */
const subjectsOf = ({ workspaceId, userId, apiKeyId }: Principal): BudgetSubject['id'][] =>
  apiKeyId === null ? [workspaceId, userId] : [workspaceId, userId, apiKeyId];

const usd = (text: string | null): Amount['usd'] => (text === null ? null : parseUsd(text));
const count = (text: string | null): number | null => (text === null ? null : Number(text));
