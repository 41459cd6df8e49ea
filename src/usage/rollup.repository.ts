import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { MEASURE_NAMES, OF_ROW, SUMS } from './usage-measures';

/** The roll-ups, and what they tell apart beside workspace, hour and user. */
const ROLLUPS = { usage_hours: ['api_key_id', 'kind', 'provider', 'model'], usage_end_users: ['end_user'] };

/** Usage by the hour: `usage_hours` and `usage_end_users` hold the sums of all rows of `usage` that are `folded`. */
@Injectable()
export class RollupRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /**
   * Adds rows to their hours, at most `limit`, and returns how many. One process at a time, so that no two wait for each
   * other's hours; 0 when another is at it. Rows that are being settled, and those the truth may replace, are left for later.
   */
  async fold(limit: number): Promise<number> {
    const [{ folded }] = await this.db.query<[{ folded: number }]>(
      `WITH mine AS (SELECT pg_try_advisory_xact_lock(hashtext('usage.fold')) AS alone),
       batch AS (
         SELECT id, at FROM usage, mine WHERE alone AND NOT folded AND outcome <> 'interrupted'
         LIMIT $1 FOR UPDATE OF usage SKIP LOCKED),
       taken AS (
         UPDATE usage SET folded = true FROM batch WHERE usage.id = batch.id AND usage.at = batch.at
         RETURNING usage.*),
       measured AS (
         SELECT workspace_id, date_trunc('hour', at, 'UTC') AS hour, user_id, api_key_id, kind, provider, model, end_user, ${OF_ROW}
         FROM taken),
       ${Object.entries(ROLLUPS)
         .map(([table, dimensions]) => `${table}_added AS (${addTo(table, dimensions)})`)
         .join(', ')}
       SELECT count(*)::int AS folded FROM taken`,
      [limit],
    );
    return folded;
  }
}

function addTo(table: string, dimensions: string[]): string {
  const keys = ['workspace_id', 'hour', 'user_id', ...dimensions].join(', ');
  const added = MEASURE_NAMES.map((name) => `${name} = ${table}.${name} + EXCLUDED.${name}`).join(', ');
  return `INSERT INTO ${table} (${keys}, ${MEASURE_NAMES.join(', ')})
    SELECT ${keys}, ${SUMS} FROM measured GROUP BY ${keys}
    ON CONFLICT (${keys}) DO UPDATE SET ${added}`;
}
