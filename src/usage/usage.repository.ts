import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { formatUsd, parseUsd } from '../platform/common/money';
import { type Group, GROUPS, type Interval, type UsageTotalsDto } from './usage.dto';
import { type TargetAttempts } from './usage.types';

/** Whose usage, and when: `from` inclusive, `to` exclusive. `userId` null: the whole workspace. */
export interface UsageSpan {
  workspaceId: string;
  userId: string | null;
  from: Date;
  to: Date;
}

type TotalsRow = Record<keyof UsageTotalsDto, string>;
/** Attempts that another one followed are billed, but they are not requests of the caller's. */
const COUNTED = 'superseded IS NOT TRUE';
const TOTALS = `count(*) FILTER (WHERE ${COUNTED}) AS requests, coalesce(sum(input_tokens), 0) AS input_tokens,
  coalesce(sum(output_tokens), 0) AS output_tokens, coalesce(sum(cached_tokens), 0) AS cached_tokens,
  coalesce(sum(cost_usd), 0) AS cost_usd, count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced,
  count(*) FILTER (WHERE outcome = 'error' AND ${COUNTED}) AS errors`;
const WITHIN = `workspace_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND at >= $3 AND at < $4`;

const PROVIDERS_FAULTS = [
  'provider_failed',
  'provider_overloaded',
  'upstream_timeout',
  'upstream_truncated',
  'upstream_credentials_rejected',
];

@Injectable()
export class UsageRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  async totals(span: UsageSpan): Promise<UsageTotalsDto> {
    const [row] = await this.db.query<[TotalsRow]>(`SELECT ${TOTALS} FROM usage WHERE ${WITHIN}`, parameters(span));
    return toTotals(row);
  }

  /** The thousand dearest, dearest first. */
  async grouped(span: UsageSpan, group: Group): Promise<(UsageTotalsDto & { group: string | null })[]> {
    const rows = await this.db.query<(TotalsRow & { group: string | null })[]>(
      `SELECT ${GROUPS[group]} AS "group", ${TOTALS} FROM usage WHERE ${WITHIN}
       GROUP BY 1 ORDER BY coalesce(sum(cost_usd), 0) DESC, requests DESC, 1 LIMIT 1000`,
      parameters(span),
    );
    return rows.map((row) => Object.assign(toTotals(row), { group: row.group }));
  }

  /** How each model did since then, over all workspaces, attempt by attempt. Requests that were at fault themselves are left out. */
  attempts(since: Date): Promise<TargetAttempts[]> {
    const speed = 'output_tokens * 1000.0 / nullif(latency_ms - ttft_ms, 0)';
    const quantiles = (value: string, condition: string) =>
      `percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ${value}) FILTER (WHERE ${condition})`;
    return this.db.query<TargetAttempts[]>(
      `SELECT provider, model, count(*)::int AS attempts, count(*) FILTER (WHERE outcome = 'success')::int AS successes,
         count(*) FILTER (WHERE outcome = 'error')::int AS failures,
         ${quantiles('ttft_ms', 'ttft_ms IS NOT NULL')} AS "ttftMs",
         ${quantiles(speed, `outcome = 'success' AND output_tokens > 1`)} AS "tokensPerSecond"
       FROM usage WHERE at >= $1 AND (error_code IS NULL OR error_code = ANY ($2))
       GROUP BY provider, model ORDER BY attempts DESC, provider, model LIMIT 1000`,
      [since, PROVIDERS_FAULTS],
    );
  }

  /** How many groups occur in the span. */
  async countGroups(span: UsageSpan, group: Group): Promise<number> {
    const [{ groups }] = await this.db.query<[{ groups: number }]>(
      `SELECT count(DISTINCT ${GROUPS[group]})::int + 1 AS groups FROM usage WHERE ${WITHIN}`,
      parameters(span),
    );
    return groups;
  }

  /** Every interval of the span in UTC, for every group that occurs in it (or once, with nothing, when none does). */
  async history(
    span: UsageSpan,
    interval: Interval,
    group: Group | null,
  ): Promise<(UsageTotalsDto & { at: Date; group: string | null })[]> {
    const rows = await this.db.query<(TotalsRow & { at: Date; group: string | null })[]>(
      `WITH spent AS (
         SELECT date_trunc($5, at, 'UTC') AS bucket, ${group ? GROUPS[group] : 'NULL::text'}::text AS "group", ${TOTALS}
         FROM usage WHERE ${WITHIN} GROUP BY 1, 2),
       buckets AS (
         SELECT generate_series(date_trunc($5, $3::timestamptz, 'UTC'), $4::timestamptz - interval '1 microsecond',
           ('1 ' || $5)::interval, 'UTC') AS bucket),
       groups AS (SELECT DISTINCT "group" FROM spent UNION SELECT NULL WHERE NOT EXISTS (SELECT FROM spent))
       SELECT buckets.bucket AS at, groups."group", coalesce(requests, 0) AS requests, coalesce(input_tokens, 0) AS input_tokens,
         coalesce(output_tokens, 0) AS output_tokens, coalesce(cached_tokens, 0) AS cached_tokens,
         coalesce(cost_usd, 0) AS cost_usd, coalesce(unpriced, 0) AS unpriced, coalesce(errors, 0) AS errors
       FROM buckets CROSS JOIN groups
       LEFT JOIN spent ON spent.bucket = buckets.bucket AND spent."group" IS NOT DISTINCT FROM groups."group"
       ORDER BY buckets.bucket, groups."group"`,
      [...parameters(span), interval],
    );
    return rows.map((row) => Object.assign(toTotals(row), { at: row.at, group: row.group }));
  }
}

const parameters = ({ workspaceId, userId, from, to }: UsageSpan) => [workspaceId, userId, from, to];

const toTotals = (row: TotalsRow): UsageTotalsDto => ({
  requests: Number(row.requests),
  input_tokens: Number(row.input_tokens),
  output_tokens: Number(row.output_tokens),
  cached_tokens: Number(row.cached_tokens),
  cost_usd: formatUsd(parseUsd(row.cost_usd)),
  unpriced: Number(row.unpriced),
  errors: Number(row.errors),
});
