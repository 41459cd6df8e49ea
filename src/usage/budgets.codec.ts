import { atLeastZero, formatUsd, parseUsd } from '../platform/common/money';
import { type BudgetDto, type BudgetSettingsDto, type LastAlertDto } from './budgets.dto';
import { type BudgetSettings, type StoredBudget } from './budgets.types';

export const toSettings = (body: BudgetSettingsDto): BudgetSettings => ({
  subject: body.subject,
  period: body.period,
  limitUsd: body.limit_usd ?? null,
  limitTokens: body.limit_tokens ?? null,
  alertAt: body.alert_at ?? [],
  alertUrl: body.alert_url ?? null,
});

export function toBudget(row: StoredBudget): BudgetDto {
  const [spentUsd, reservedUsd] = [parseUsd(row.spent_usd), parseUsd(row.reserved_usd)];
  const [spentTokens, reservedTokens] = [Number(row.spent_tokens), Number(row.reserved_tokens)];
  const limitUsd = row.limit_usd === null ? null : parseUsd(row.limit_usd);
  const limitTokens = row.limit_tokens === null ? null : Number(row.limit_tokens);
  const leftUsd = limitUsd === null ? null : limitUsd - spentUsd - reservedUsd;
  return {
    id: row.id,
    subject: { type: row.subject_type, id: row.subject_id },
    period: row.period,
    limit_usd: limitUsd === null ? null : formatUsd(limitUsd),
    spent_usd: formatUsd(spentUsd),
    reserved_usd: formatUsd(reservedUsd),
    remaining_usd: leftUsd === null ? null : formatUsd(atLeastZero(leftUsd)),
    limit_tokens: limitTokens,
    spent_tokens: spentTokens,
    reserved_tokens: reservedTokens,
    remaining_tokens: limitTokens === null ? null : Math.max(0, limitTokens - spentTokens - reservedTokens),
    resets_at: row.resets_at,
    alert_at: row.alert_at,
    alerted: row.alerted,
  };
}

export function toLastAlert({ last_alert: alert }: StoredBudget): LastAlertDto | null {
  if (!alert) return null;
  const time = (text: string | null) => (text === null ? null : new Date(text).toISOString());
  return {
    ...alert,
    at: new Date(alert.at).toISOString(),
    delivered_at: time(alert.delivered_at),
    next_attempt_at: time(alert.next_attempt_at),
  };
}
