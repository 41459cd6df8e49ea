import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { inWindow, RESETS_AT, SUMS_LOCK, WINDOW } from './budgets.sql';
import { type BudgetSettings, type BudgetSubject, type StoredBudget } from './budgets.types';

const SPENT = `${inWindow('spent_usd')} AS spent_usd, ${inWindow('spent_tokens')} AS spent_tokens,
  ${inWindow('reserved_usd')} AS reserved_usd, ${inWindow('reserved_tokens')} AS reserved_tokens,
  nullif(${inWindow('alerted')}, 0) AS alerted, ${RESETS_AT} AS resets_at`;
const SHOWN = `SELECT id, subject_type, subject_id, period, limit_usd, limit_tokens, alert_at, alert_url, ${SPENT}
  FROM (SELECT *, ${WINDOW} AS starts_at FROM budgets) AS budgets`;

/** Is there such a subject in the workspace $1? */
const SUBJECT: Record<BudgetSubject['type'], string> = {
  workspace: 'SELECT 1 FROM workspaces WHERE id = $1 AND id = $2',
  member: 'SELECT 1 FROM memberships WHERE workspace_id = $1 AND user_id = $2',
  api_key: 'SELECT 1 FROM api_keys WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL',
};
const SPENDER: Record<BudgetSubject['type'], string> = {
  workspace: 'workspace_id',
  member: 'user_id',
  api_key: 'api_key_id',
};

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
      const [found] = await tx.query<unknown[]>(SUBJECT[subject.type], [workspaceId, subject.id]);
      if (!found) return null;
      await tx.query(`SELECT pg_advisory_xact_lock(${SUMS_LOCK})`);
      const [before] = await tx.query<StoredBudget[]>(
        `${SHOWN} WHERE workspace_id = $1 AND subject_id = $2 AND period = $3`,
        [workspaceId, subject.id, period],
      );
      const [{ id }] = await tx.query<[{ id: string }]>(
        `WITH new AS (
           SELECT starts_at, coalesce(sum(cost_usd), 0) AS spent_usd, coalesce(sum(input_tokens::bigint + output_tokens), 0) AS spent_tokens
           FROM (SELECT ${WINDOW} AS starts_at FROM (SELECT $5::text AS period, '-infinity'::timestamptz AS window_start) AS w) AS w
           LEFT JOIN usage u ON u.workspace_id = $2 AND u.${SPENDER[subject.type]} = $4 AND u.at >= starts_at
           GROUP BY starts_at)
         INSERT INTO budgets (id, workspace_id, subject_type, subject_id, period, limit_usd, limit_tokens, alert_at,
           alert_url, window_start, spent_usd, spent_tokens)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, starts_at, spent_usd, spent_tokens FROM new
         ON CONFLICT (workspace_id, subject_id, period) DO UPDATE SET
           limit_usd = EXCLUDED.limit_usd, limit_tokens = EXCLUDED.limit_tokens, alert_at = EXCLUDED.alert_at,
           alert_url = EXCLUDED.alert_url, updated_at = now(),
           alerted = CASE WHEN (budgets.limit_usd, budgets.limit_tokens, budgets.alert_at)
             IS NOT DISTINCT FROM (EXCLUDED.limit_usd, EXCLUDED.limit_tokens, EXCLUDED.alert_at)
             THEN budgets.alerted ELSE 0 END
         RETURNING id`,
        [
          newId(),
          workspaceId,
          subject.type,
          subject.id,
          period,
          budget.limitUsd,
          budget.limitTokens,
          budget.alertAt,
          budget.alertUrl,
        ],
      );
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
      `${SHOWN} WHERE workspace_id = $1 AND subject_id IN ($1, $2, $3) ORDER BY id`,
      [workspaceId, userId, apiKeyId],
    );
  }

  /** Whether it was there. */
  delete(principal: Principal, id: string): Promise<boolean> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      const [before] = await tx.query<StoredBudget[]>(`${SHOWN} WHERE workspace_id = $1 AND id = $2`, [
        workspaceId,
        id,
      ]);
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
