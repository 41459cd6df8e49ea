import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { formatUsd, parseUsd, type PicoUsd } from '../platform/common/money';
import { type Group, GROUPS, type Interval, type UsageTotalsDto } from './usage.dto';
import { type Measure, MEASURE_NAMES, OF_ROW, SUMS } from './usage-measures';
import { type TargetAttempts } from './usage.types';

/** Whose usage, and when: `from` inclusive, `to` exclusive. `userId` null: the whole workspace. */
export interface UsageSpan {
  workspaceId: string;
  userId: string | null;
  from: Date;
  to: Date;
}

type TotalsRow = Record<Measure, string>;
type GroupRow = TotalsRow & { group: string | null };
export type GroupTotals = UsageTotalsDto & { group: string | null };

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

  /** Null when the price of any of it is not known. @param part of the request ids */
  async costOf(workspaceId: string, part: string, since: Date): Promise<PicoUsd | null> {
    const [{ cost }] = await this.db.query<[{ cost: string | null }]>(
      `SELECT CASE WHEN bool_or(cost_usd IS NULL) THEN NULL ELSE coalesce(sum(cost_usd), 0) END AS cost
       FROM usage WHERE workspace_id = $1 AND at >= $3 AND strpos(request_id, $2) > 0`,
      [workspaceId, part, since],
    );
    return cost === null ? null : parseUsd(cost);
  }

  /** All of it and, when grouped, the thousand dearest groups, dearest first; of one moment. */
  async report(span: UsageSpan, group: Group | null): Promise<{ totals: UsageTotalsDto; groups: GroupTotals[] }> {
    const rows = await this.db.query<(GroupRow & { whole: boolean })[]>(
      `SELECT "group", ${SUMS}, GROUPING("group") = 1 AS whole FROM (${measured(group)}) AS measured
       GROUP BY GROUPING SETS ((), ("group"))
       ORDER BY whole DESC, sum(cost_usd) DESC NULLS LAST, sum(requests) DESC, "group" LIMIT 1001`,
      parameters(span),
    );
    const [total, ...groups] = rows;
    if (!total) throw new Error('a sum of nothing is a row');
    return { totals: toTotals(total), groups: group ? groups.map(toGroup) : [] };
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
      `SELECT count(*)::int AS groups FROM (SELECT DISTINCT "group" FROM (${measured(group)}) AS measured) AS found`,
      parameters(span),
    );
    return groups;
  }

  /** Every interval of the span in UTC, for every group that occurs in it (or once, with nothing, when none does). */
  async history(span: UsageSpan, interval: Interval, group: Group | null): Promise<(GroupTotals & { at: Date })[]> {
    const zeroes = MEASURE_NAMES.map((name) => `coalesce(${name}, 0) AS ${name}`).join(', ');
    const rows = await this.db.query<(GroupRow & { at: Date })[]>(
      `WITH spent AS (
         SELECT date_trunc($7, at, 'UTC') AS bucket, "group", ${SUMS} FROM (${measured(group)}) AS measured GROUP BY 1, 2),
       buckets AS (
         SELECT generate_series(date_trunc($7, $3::timestamptz, 'UTC'), $4::timestamptz - interval '1 microsecond',
           ('1 ' || $7)::interval, 'UTC') AS bucket),
       groups AS (SELECT DISTINCT "group" FROM spent UNION SELECT NULL WHERE NOT EXISTS (SELECT FROM spent))
       SELECT buckets.bucket AS at, groups."group", ${zeroes}
       FROM buckets CROSS JOIN groups
       LEFT JOIN spent ON spent.bucket = buckets.bucket AND spent."group" IS NOT DISTINCT FROM groups."group"
       ORDER BY buckets.bucket, groups."group"`,
      [...parameters(span), interval],
    );
    return rows.map((row) => ({ ...toGroup(row), at: row.at }));
  }
}

const HOUR_MS = 3_600_000;

/** $1 to $6: whose, from when, until when, and the whole hours in between; none of those is a span that ends where it begins. */
function parameters({ workspaceId, userId, from, to }: UsageSpan): unknown[] {
  const firstHour = new Date(Math.ceil(from.getTime() / HOUR_MS) * HOUR_MS);
  const lastHour = new Date(Math.floor(to.getTime() / HOUR_MS) * HOUR_MS);
  return firstHour < lastHour
    ? [workspaceId, userId, from, to, firstHour, lastHour]
    : [workspaceId, userId, from, to, to, to];
}

/**
 * What was used in a span, as `at`, `"group"` and measures: whole hours from the roll-up and from what is not in it yet,
 * the pieces of hours at both ends from the rows. One statement sees one moment, so a row is in exactly one of them.
 */
function measured(group: Group | null): string {
  const value = group ? GROUPS[group] : 'NULL';
  const rollup = group === 'end_user' ? 'usage_end_users' : 'usage_hours';
  const whose = 'workspace_id = $1 AND ($2::uuid IS NULL OR user_id = $2)';
  const rows = (when: string) =>
    `SELECT at, (${value})::text AS "group", ${OF_ROW} FROM usage WHERE ${whose} AND ${when}`;
  return `
    SELECT hour AS at, (${value})::text AS "group", ${MEASURE_NAMES.join(', ')}
    FROM ${rollup} WHERE ${whose} AND hour >= $5 AND hour < $6
    UNION ALL ${rows('at >= $5 AND at < $6 AND NOT folded')}
    UNION ALL ${rows('at >= $3 AND at < $5')}
    UNION ALL ${rows('at >= $6 AND at < $4')}`;
}

const toTotals = (row: TotalsRow): UsageTotalsDto => ({
  requests: Number(row.requests),
  input_tokens: Number(row.input_tokens),
  output_tokens: Number(row.output_tokens),
  cached_tokens: Number(row.cached_tokens),
  cost_usd: formatUsd(parseUsd(row.cost_usd)),
  unpriced: Number(row.unpriced),
  errors: Number(row.errors),
});

const toGroup = (row: GroupRow): GroupTotals => Object.assign(toTotals(row), { group: row.group });
