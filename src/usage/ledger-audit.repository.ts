import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type BudgetSubject, type StoredBudget } from './budgets.types';

/** A budget that does not agree with the rows it sums up: what it says, and what they say. */
export interface Discrepancy {
  id: string;
  workspace_id: string;
  subject_type: BudgetSubject['type'];
  period: StoredBudget['period'];
  spent_usd: string;
  spent_tokens: string;
  reserved_usd: string;
  reserved_tokens: string;
  rows_usd: string;
  rows_tokens: string;
  held_usd: string;
  held_tokens: string;
}

/** Whether the sums that budgets carry are those of the rows they stand for. */
@Injectable()
export class LedgerAuditRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** How many budgets there are. */
  async count(): Promise<number> {
    const [{ count }] = await this.db.query<[{ count: number }]>('SELECT count(*)::int AS count FROM budgets');
    return count;
  }

  /**
   * Budgets whose sums are not those of the rows they stand for: usage rows since the window began, and reservations made
   * since then. One statement, so that it sees one instant.
   */
  discrepancies(): Promise<Discrepancy[]> {
    return this.db.query<Discrepancy[]>(
      `SELECT * FROM (
         SELECT b.id, b.workspace_id, b.subject_type, b.period, b.spent_usd, b.spent_tokens, b.reserved_usd, b.reserved_tokens,
           u.usd AS rows_usd, u.tokens AS rows_tokens, r.usd AS held_usd, r.tokens AS held_tokens
         FROM budgets b,
           LATERAL (SELECT coalesce(sum(cost_usd), 0) AS usd, coalesce(sum(input_tokens::bigint + output_tokens), 0) AS tokens
             FROM usage WHERE workspace_id = b.workspace_id AND at >= b.window_start
               AND b.subject_id = ANY (budget_subjects(workspace_id, user_id, api_key_id))) AS u,
           LATERAL (SELECT coalesce(sum(usd), 0) AS usd, coalesce(sum(tokens), 0) AS tokens
             FROM reservations WHERE b.id = ANY (budget_ids) AND at >= b.window_start) AS r) AS sums
       WHERE (spent_usd, spent_tokens, reserved_usd, reserved_tokens)
         IS DISTINCT FROM (rows_usd, rows_tokens, held_usd, held_tokens)`,
    );
  }
}
