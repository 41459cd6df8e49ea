import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { formatUsd } from '../platform/common/money';
import { toJsonb } from '../platform/database/jsonb';
import { type CallRecord } from './usage.types';

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

  /** Keeps the leases of living calls and carries what each has used so far. */
  async renewLeases(calls: CallRecord[]): Promise<void> {
    await this.db.query(
      `UPDATE call_leases SET expires_at = now() + make_interval(secs => ${LEASE_SECONDS}), tally = renewed.tally
       FROM jsonb_array_elements($1::jsonb) AS renewed (tally), ${WITHOUT_WAITING}
       WHERE call_leases.id = (renewed.tally ->> 'id')::uuid`,
      [toJsonb(calls.map(toRow))],
    );
  }

  /** Replaces leases by usage rows. The truth also replaces what a sweep estimated meanwhile. */
  async settle(calls: CallRecord[]): Promise<void> {
    const rows = calls.map(toRow);
    await this.db.query(
      `WITH freed AS (DELETE FROM call_leases WHERE id = ANY ($1))
       INSERT INTO usage SELECT settled.* FROM jsonb_populate_recordset(NULL::usage, $2::jsonb) AS settled
       ON CONFLICT (id, at) DO UPDATE SET
         input_tokens = EXCLUDED.input_tokens, output_tokens = EXCLUDED.output_tokens,
         cached_tokens = EXCLUDED.cached_tokens, cache_write_tokens = EXCLUDED.cache_write_tokens,
         reasoning_tokens = EXCLUDED.reasoning_tokens, cost_usd = EXCLUDED.cost_usd, estimated = EXCLUDED.estimated,
         outcome = EXCLUDED.outcome, error_code = EXCLUDED.error_code, latency_ms = EXCLUDED.latency_ms,
         ttft_ms = EXCLUDED.ttft_ms`,
      [rows.map(({ id }) => id), toJsonb(rows)],
    );
  }

  /** Lets go of leases of calls that were never dispatched. */
  async release(ids: string[]): Promise<void> {
    await this.db.query('DELETE FROM call_leases WHERE id = ANY ($1)', [ids]);
  }

  /** Bills what dead processes left, from the last tally each lease carried. Returns how many. Processes never sweep the same lease. */
  async sweepExpired(): Promise<number> {
    const [{ swept }] = await this.db.query<[{ swept: number }]>(
      `WITH expired AS (
         DELETE FROM call_leases WHERE id IN (
           SELECT id FROM call_leases WHERE expires_at < now() ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED)
         RETURNING tally),
       billed AS (
         INSERT INTO usage SELECT (jsonb_populate_record(NULL::usage, tally)).* FROM expired
         ON CONFLICT DO NOTHING)
       SELECT count(*)::int AS swept FROM expired`,
    );
    return swept;
  }

  async ensurePartitions(): Promise<void> {
    await this.db.query('SELECT ensure_usage_partitions(now(), 2)');
  }
}

/** Keys are the columns of `usage`. */
const toRow = (call: CallRecord) => ({
  id: call.id,
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
