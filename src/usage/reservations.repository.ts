import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { formatUsd, parseUsd } from '../platform/common/money';
import { type Amount, type JudgedBudget, type Reservation } from './budgets.types';
import { type Account } from './usage.types';

/** A reservation not renewed for so long belongs to a dead process. */
const LEASE_SECONDS = 10;
const LEASE = `make_interval(secs => ${LEASE_SECONDS})`;

type JudgedRow = Omit<JudgedBudget, 'limit_usd' | 'left_usd' | 'limit_tokens' | 'left_tokens'> & {
  reservation_id: string;
} & Record<'limit_usd' | 'left_usd' | 'limit_tokens' | 'left_tokens', string | null>;

/** What calls under way may still cost. */
@Injectable()
export class ReservationsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** For each caller whether any budget applies to it. */
  async budgeted(callers: readonly Account[]): Promise<boolean[]> {
    const rows = await this.db.query<{ budgeted: boolean }[]>(
      `SELECT EXISTS (SELECT FROM budgets b WHERE b.workspace_id = c.workspace_id AND b.subject_id = ANY (budget_subjects(c.workspace_id, c.user_id, c.api_key_id))) AS budgeted
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS c (workspace_id, user_id, api_key_id, i) ORDER BY i`,
      [
        callers.map(({ workspaceId }) => workspaceId),
        callers.map(({ userId }) => userId),
        callers.map(({ apiKeyId }) => apiKeyId),
      ],
    );
    return rows.map(({ budgeted }) => budgeted);
  }

  /**
   * Holds each amount in every budget that applies to it, if it fits into all of them, or by `force`; each sees what
   * those before it hold.
   * @returns the budgets that apply, by reservation, and whether the amount fits
   */
  async reserve(reservations: readonly Reservation[], force: boolean): Promise<Map<string, JudgedBudget[]>> {
    const asked = reservations.map(({ id, callId, principal, amount }) => ({
      id,
      call_id: callId,
      workspace_id: principal.workspaceId,
      user_id: principal.userId,
      api_key_id: principal.apiKeyId,
      usd: amount.usd === null ? null : formatUsd(amount.usd),
      tokens: amount.tokens,
    }));
    const rows = await this.db.query<JudgedRow[]>(`SELECT * FROM reserve($1, $2, ${LEASE})`, [
      JSON.stringify(asked),
      force,
    ]);
    const judged = new Map<string, JudgedBudget[]>(reservations.map(({ id }) => [id, []]));
    for (const { reservation_id, ...row } of rows)
      judged.get(reservation_id)?.push({
        ...row,
        limit_usd: usd(row.limit_usd),
        left_usd: usd(row.left_usd),
        limit_tokens: count(row.limit_tokens),
        left_tokens: count(row.left_tokens),
      });
    return judged;
  }

  /** Keeps those of living calls. Returns the ids of those that are there. */
  async renew(ids: string[]): Promise<Set<string>> {
    const [rows] = await this.db.query<[{ id: string }[]]>(
      `UPDATE reservations SET expires_at = now() + ${LEASE} WHERE id = ANY ($1) RETURNING id`,
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
      `SELECT DISTINCT call_id FROM reservations r WHERE expires_at < now() AND NOT (r.call_id = ANY ($1))
         AND NOT EXISTS (SELECT FROM call_leases l WHERE l.tally ->> 'call_id' = r.call_id::text)
       LIMIT $2`,
      [living, limit],
    );
    return rows.map(({ call_id }) => call_id);
  }
}

const usd = (text: string | null): Amount['usd'] => (text === null ? null : parseUsd(text));
const count = (text: string | null): number | null => (text === null ? null : Number(text));
