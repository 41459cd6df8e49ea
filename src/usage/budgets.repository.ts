import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { inWindow, RAISE_ALERT, reached, RESETS_AT, SUMS_LOCKED_ALONE, WINDOW } from './budgets.sql';
import { type BudgetSettings, type BudgetSubject, type StoredBudget } from './budgets.types';

const SPENT = `${inWindow('spent_usd')} AS spent_usd, ${inWindow('spent_tokens')} AS spent_tokens,
  ${inWindow('reserved_usd')} AS reserved_usd, ${inWindow('reserved_tokens')} AS reserved_tokens,
  nullif(${inWindow('alerted')}, 0) AS alerted, ${RESETS_AT} AS resets_at`;
const LAST_ALERT = `(SELECT jsonb_build_object('threshold', threshold, 'at', at, 'attempts', attempts,
    'delivered_at', delivered_at, 'next_attempt_at', next_attempt_at, 'error', error)
  FROM budget_alerts a WHERE a.budget_id = budgets.id ORDER BY a.id DESC LIMIT 1) AS last_alert`;
const SHOWN = `SELECT id, subject_type, subject_id, period, limit_usd, limit_tokens, alert_at, alert_url, ${LAST_ALERT}, ${SPENT}
  FROM (SELECT *, ${WINDOW} AS starts_at FROM budgets) AS budgets`;

/** The id that budgets of the subject $2 of the workspace $1 have: of keys that of the first one it was rotated from. */
const SUBJECT: Record<BudgetSubject['type'], string> = {
  workspace: 'SELECT id FROM workspaces WHERE id = $1 AND id = $2',
  member: 'SELECT user_id AS id FROM memberships WHERE workspace_id = $1 AND user_id = $2',
  api_key:
    'SELECT coalesce(root_id, id) AS id FROM api_keys WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL',
};
const SPENT_BY: Record<BudgetSubject['type'], string> = {
  workspace: 'workspace_id = $2',
  member: 'user_id = $2',
  api_key: 'api_key_id IN (SELECT id FROM api_keys WHERE $2 IN (id, root_id))',
};

/**
 * What the subject $2 has spent since the window began, from whole hours and the rows that are not among them yet, is what
 * the new budget begins with.
 */
const makeFor = (subject: BudgetSubject['type']) => `
  WITH new AS (SELECT ${WINDOW} AS starts_at FROM (SELECT $3::text AS period, '-infinity'::timestamptz AS window_start) AS w),
  spent AS (
    SELECT cost_usd, input_tokens + output_tokens AS tokens FROM usage_hours, new
    WHERE workspace_id = $1 AND ${SPENT_BY[subject]} AND hour >= starts_at
    UNION ALL
    SELECT cost_usd, input_tokens::bigint + output_tokens FROM usage, new
    WHERE NOT folded AND workspace_id = $1 AND ${SPENT_BY[subject]} AND at >= starts_at)
  INSERT INTO budgets (id, workspace_id, subject_type, subject_id, period, limit_usd, limit_tokens, alert_at, alert_url,
    window_start, spent_usd, spent_tokens)
  SELECT $4, $1, $5, $2, $3, $6, $7, $8, $9, (SELECT starts_at FROM new), coalesce(sum(cost_usd), 0), coalesce(sum(tokens), 0)
  FROM spent`;

/** Alerts are raised anew where limits or thresholds are others. */
const CHANGE = `
  UPDATE budgets SET limit_usd = $2, limit_tokens = $3, alert_at = $4, alert_url = $5, updated_at = now(),
    alerted = CASE WHEN (limit_usd, limit_tokens, alert_at) IS NOT DISTINCT FROM ($2::numeric, $3::bigint, $4::float8[])
      THEN alerted ELSE 0 END
  WHERE id = $1`;

/** What was spent already may have reached a threshold, and what follows may be refused. */
const JUDGE = `
  WITH judged AS (
    SELECT ${reached('spent_usd', 'spent_tokens')} AS alerted
    FROM (SELECT alert_at, limit_usd, limit_tokens, ${inWindow('spent_usd')} AS spent_usd, ${inWindow('spent_tokens')} AS spent_tokens
      FROM (SELECT *, ${WINDOW} AS starts_at FROM budgets WHERE id = $1) AS b) AS b)
  UPDATE budgets b SET alerted = judged.alerted FROM judged WHERE b.id = $1 AND judged.alerted > b.alerted`;

@Injectable()
export class BudgetsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly audit: AuditService,
  ) {}

  /**
   * Makes the budget of a subject and period, with what was spent in its window before, or changes its limits and keeps
   * its sums. Null when the workspace has no such subject.
   */
  put(principal: Principal, budget: BudgetSettings): Promise<StoredBudget | null> {
    const { workspaceId } = principal;
    const { subject, period } = budget;
    return this.db.transaction(async (tx) => {
      const [spender] = await tx.query<{ id: string }[]>(SUBJECT[subject.type], [workspaceId, subject.id]);
      if (!spender) return null;
      const key = [workspaceId, spender.id, period];
      const settings = [budget.limitUsd, budget.limitTokens, budget.alertAt, budget.alertUrl];
      const find = `${SHOWN} WHERE workspace_id = $1 AND subject_id = $2 AND period = $3 FOR UPDATE`;
      let [before] = await tx.query<StoredBudget[]>(find, key);
      if (!before) {
        await tx.query(SUMS_LOCKED_ALONE, [workspaceId]);
        [before] = await tx.query<StoredBudget[]>(find, key); // another may just have made it
      }
      if (before) await tx.query(CHANGE, [before.id, ...settings]);
      const id = before?.id ?? newId();
      if (!before) await tx.query(makeFor(subject.type), [...key, id, subject.type, ...settings]);
      const [, crossed] = await tx.query<[unknown, number]>(JUDGE, [id]);
      if (crossed > 0) await tx.query(RAISE_ALERT, [newId(), id]);
      const [after] = await tx.query<[StoredBudget]>(`${SHOWN} WHERE workspace_id = $1 AND id = $2`, [workspaceId, id]);
      await this.record(tx, principal, before ? 'budget.changed' : 'budget.created', before ?? null, after);
      return after;
    });
  }

  /** One more than the page holds. */
  list({ workspaceId }: Principal, { limit, after, order }: PageQuery): Promise<StoredBudget[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<StoredBudget[]>(
      `${SHOWN} WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id ${beyond} $2) ORDER BY id ${direction} LIMIT $3`,
      [workspaceId, after ?? null, limit + 1],
    );
  }

  /** Those that limit what the caller may spend. */
  applying({ workspaceId, userId, apiKeyId }: Principal): Promise<StoredBudget[]> {
    return this.db.query<StoredBudget[]>(
      `${SHOWN} WHERE workspace_id = $1 AND subject_id = ANY (budget_subjects($1, $2, $3)) ORDER BY id`,
      [workspaceId, userId, apiKeyId],
    );
  }

  /** Whether it was there. `check` throws to refuse. */
  delete(principal: Principal, id: string, check: (budget: StoredBudget) => void): Promise<boolean> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      const [before] = await tx.query<StoredBudget[]>(`${SHOWN} WHERE workspace_id = $1 AND id = $2`, [
        workspaceId,
        id,
      ]);
      if (before) check(before);
      const [, deleted] = await tx.query<[unknown, number]>('DELETE FROM budgets WHERE workspace_id = $1 AND id = $2', [
        workspaceId,
        id,
      ]);
      if (!before || deleted === 0) return false;
      await this.record(tx, principal, 'budget.deleted', before, null);
      return true;
    });
  }

  private async record(
    tx: EntityManager,
    principal: Principal,
    action: `budget.${string}`,
    before: StoredBudget | null,
    after: StoredBudget | null,
  ): Promise<void> {
    const target = { type: 'budget', id: (after ?? before)?.id ?? '' };
    const changes = changesOf(before, after, ['subject_type', 'subject_id', 'period', ...SETTINGS]);
    await this.audit.record(tx, principal, { action, workspaceId: principal.workspaceId, target, changes });
  }
}

const SETTINGS = ['limit_usd', 'limit_tokens', 'alert_at', 'alert_url'] as const;
