import { Injectable } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { apiKeyNotFound } from '../auth/api-keys.errors';
import { workspaceNotFound } from '../platform/common/auth/access.errors';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { memberNotFound } from '../workspaces/workspaces.errors';
import { AlertsService } from './alerts.service';
import { toBudget, toLastAlert, toSettings } from './budgets.codec';
import { type BudgetDto, type BudgetSettingsDto, type ManagedBudgetDto } from './budgets.dto';
import { budgetNotFound, ownBudget } from './budgets.errors';
import { BudgetsRepository } from './budgets.repository';
import { type BudgetSubject, type StoredBudget } from './budgets.types';
import { LedgerService } from './ledger.service';

const MISSING: Record<BudgetSubject['type'], () => Error> = {
  workspace: workspaceNotFound,
  member: memberNotFound,
  api_key: apiKeyNotFound,
};

/** What may be spent, by a workspace, one of its members or one of its API keys. */
@Injectable()
export class BudgetsService {
  /** What waits for the sums of a large workspace must not hold the connections that everybody needs. */
  private readonly making = bulkhead(1, 1_000);

  constructor(
    private readonly repository: BudgetsRepository,
    private readonly ledger: LedgerService,
    private readonly alerts: AlertsService,
  ) {}

  /**
   * Throws `workspace_not_found`, `member_not_found`, `api_key_not_found` for who isn't in the caller's workspace, and
   * `insufficient_role` for the caller's own budget as a member, unless they own the workspace.
   */
  async put(principal: Principal, body: BudgetSettingsDto): Promise<ManagedBudgetDto> {
    const settings = toSettings(body);
    if (settings.limitUsd === null && settings.limitTokens === null) {
      throw validationFailed([{ field: 'limit_usd', message: 'limit_usd or limit_tokens is required' }]);
    }
    if (settings.alertUrl !== null && settings.alertAt.length === 0) {
      throw validationFailed([{ field: 'alert_at', message: 'alert_at is required with alert_url' }]);
    }
    assertNotOwn(principal, settings.subject);
    await this.ledger.settled(); // a new one begins with what was answered before
    const budget = await this.making.execute(() => this.repository.put(principal, settings));
    if (!budget) throw MISSING[settings.subject.type]();
    return this.managed(budget);
  }

  async list(principal: Principal, query: PageQuery): Promise<Page<ManagedBudgetDto>> {
    await this.ledger.settled();
    return toPage(await this.repository.list(principal, query), query.limit, (row) => this.managed(row));
  }

  /** Those that limit what the caller may spend, with everything that was answered before. */
  async applying(principal: Principal): Promise<BudgetDto[]> {
    await this.ledger.settled();
    return (await this.repository.applying(principal)).map(toBudget);
  }

  async delete(principal: Principal, id: string): Promise<void> {
    const check = (budget: StoredBudget) =>
      assertNotOwn(principal, { type: budget.subject_type, id: budget.subject_id });
    if (!(await this.repository.delete(principal, id, check))) throw budgetNotFound();
  }

  private managed(row: StoredBudget): ManagedBudgetDto {
    const { alert_url } = row;
    const alert_secret = alert_url === null ? null : this.alerts.secretOf(row.id);
    return { ...toBudget(row), alert_url, alert_secret, last_alert: toLastAlert(row) };
  }
}

/** Who may only do as much as their budget allows does not decide how much that is. */
function assertNotOwn({ userId, role }: Principal, subject: BudgetSubject): void {
  if (subject.type === 'member' && subject.id === userId && role !== 'owner') throw ownBudget();
}
