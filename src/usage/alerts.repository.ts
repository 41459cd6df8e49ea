import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type BudgetSubject, type StoredBudget } from './budgets.types';

/** Whoever takes an alert has so long to tell it. Then another process may. */
const TAKEN_FOR = `interval '1 minute'`;
/** Seconds until the next attempt: 5, 10, 20 … 5,120, together about three hours. */
const BACKOFF = 'make_interval(secs => 5 * power(2, attempts - 1))';
const MOST_ATTEMPTS = 12;

/** An alert that is to be told. */
export interface DueAlert {
  id: string;
  at: Date;
  threshold: number;
  spent_usd: string;
  spent_tokens: string;
  budget_id: string;
  workspace_id: string;
  subject_type: BudgetSubject['type'];
  subject_id: string;
  period: StoredBudget['period'];
  limit_usd: string | null;
  limit_tokens: string | null;
  alert_url: string;
}

@Injectable()
export class AlertsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /**
   * Takes alerts that are due, so that no other process does: at most `most`, of each workspace at most `ofOne`, of the
   * `busy` ones none.
   */
  async take(most: number, ofOne: number, busy: readonly string[]): Promise<DueAlert[]> {
    const [rows] = await this.db.query<[DueAlert[], number]>(
      `UPDATE budget_alerts a SET attempts = attempts + 1, next_attempt_at = now() + ${TAKEN_FOR}
       FROM budgets b
       WHERE b.id = a.budget_id AND a.id IN (
         SELECT id FROM budget_alerts
         WHERE next_attempt_at <= now() AND id IN (
           SELECT id FROM (
             SELECT due.id, due.next_attempt_at,
               row_number() OVER (PARTITION BY workspace_id ORDER BY due.next_attempt_at) AS place
             FROM budget_alerts due JOIN budgets ON budgets.id = due.budget_id
             WHERE due.next_attempt_at <= now() AND alert_url IS NOT NULL AND NOT workspace_id = ANY ($3::uuid[])) AS due
           WHERE place <= $2 ORDER BY next_attempt_at LIMIT $1)
         FOR UPDATE SKIP LOCKED)
       RETURNING a.id, a.at, a.threshold, a.spent_usd, a.spent_tokens, a.budget_id, b.workspace_id, b.subject_type,
         b.subject_id, b.period, a.limit_usd, a.limit_tokens, b.alert_url`,
      [most, ofOne, busy],
    );
    return rows;
  }

  async delivered(id: string): Promise<void> {
    await this.db.query(
      'UPDATE budget_alerts SET delivered_at = now(), next_attempt_at = NULL, error = NULL WHERE id = $1',
      [id],
    );
  }

  /** It is tried again later, a dozen times in all. */
  async failed(id: string, error: string): Promise<void> {
    await this.db.query(
      `UPDATE budget_alerts SET error = $2,
         next_attempt_at = CASE WHEN attempts < ${MOST_ATTEMPTS} THEN now() + ${BACKOFF} END WHERE id = $1`,
      [id, error.slice(0, 500)],
    );
  }
}
