import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { formatUsd } from '../platform/common/money';
import { toJsonb } from '../platform/database/jsonb';
import { type CallRecord } from './usage.types';

/** What a call's row says that is known only in the end. */
const LATE_COLUMNS = [
  'superseded',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_usd',
  'estimated',
  'outcome',
  'error_code',
  'latency_ms',
  'ttft_ms',
];
/** By name: a newer schema may have more, with defaults. */
const COLUMNS = [
  'id',
  'call_id',
  'at',
  'workspace_id',
  'user_id',
  'api_key_id',
  'end_user',
  'kind',
  'provider',
  'model',
  ...LATE_COLUMNS,
  'request_id',
  'message_id',
].join(', ');
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

  /** Replaces leases by usage rows. The truth also replaces what a sweep estimated meanwhile. */
  async settle(calls: CallRecord[]): Promise<void> {
    const rows = calls.map(toRow);
    await this.db.query(
      `WITH freed AS (DELETE FROM call_leases WHERE id = ANY ($1))
       INSERT INTO usage (${COLUMNS}) SELECT ${COLUMNS} FROM jsonb_populate_recordset(NULL::usage, $2::jsonb)
       ON CONFLICT (id, at) DO UPDATE SET ${VALUES}`,
      [rows.map(({ id }) => id), toJsonb(rows)],
    );
  }

  /** Lets go of leases of calls that were never dispatched. */
  async release(ids: string[]): Promise<void> {
    await this.db.query('DELETE FROM call_leases WHERE id = ANY ($1)', [ids]);
  }

  /**
   * Bills what dead processes left, from the last tally each lease carried. Returns how many, at most `limit`.
   * Processes never sweep the same lease, and none its own living calls, however late their leases are renewed.
   */
  async sweepExpired(living: string[], limit: number): Promise<number> {
    const [{ swept }] = await this.db.query<[{ swept: number }]>(
      `WITH expired AS (
         DELETE FROM call_leases WHERE id IN (
           SELECT id FROM call_leases WHERE ${EXPIRED} ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING tally),
       billed AS (
         INSERT INTO usage (${COLUMNS})
         SELECT ${COLUMNS} FROM expired, jsonb_populate_record(NULL::usage, tally)
         ON CONFLICT (id, at) DO UPDATE SET ${VALUES} WHERE usage.outcome = 'interrupted')
       SELECT count(*)::int AS swept FROM expired`,
      [living, limit],
    );
    return swept;
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

/** Keys are the columns of `usage`. */
const toRow = (call: CallRecord) => ({
  id: call.id,
  call_id: call.callId,
  superseded: call.superseded,
  at: call.at.toISOString(),
  workspace_id: call.workspaceId,
  user_id: call.userId,
  api_key_id: call.apiKeyId,
  end_user: call.endUser,
  kind: call.kind,
  provider: call.provider,
  model: call.model,
  input_tokens: call.inputTokens,
  output_tokens: call.outputTokens,
  cached_tokens: call.cachedTokens,
  cache_write_tokens: call.cacheWriteTokens,
  reasoning_tokens: call.reasoningTokens,
  cost_usd: call.cost === null ? null : formatUsd(call.cost),
  estimated: call.estimated,
  outcome: call.outcome,
  error_code: call.errorCode,
  latency_ms: call.latencyMs,
  ttft_ms: call.ttftMs,
  request_id: call.requestId,
  message_id: call.messageId,
});
