import { roleNeeded } from '../platform/common/auth/access.errors';
import { DomainError } from '../platform/common/errors/domain.error';
import { atLeastZero, formatUsd } from '../platform/common/money';
import { type Amount, type JudgedBudget } from './budgets.types';

export const budgetNotFound = () =>
  new DomainError('not_found', 'budget_not_found', 'There is no budget with this id in this workspace.');

export const ownBudget = () =>
  roleNeeded('budgets:manage', 'owner', 'Of the budgets you are held to as a member, only an owner changes your own.');

export const modelUnpriced = () =>
  new DomainError(
    'invalid',
    'model_unpriced',
    'A budget in USD or max_cost_usd applies, and what this model costs is not known: give it a price in parley.yaml, or allow unpriced models in the workspace.',
    { param: 'model' },
  );

/**
 * Names every budget without room for the worst case of a call, with what remains in it beside what is spent and what
 * other calls under way may still spend, and when it begins anew.
 */
export function budgetExceeded(full: readonly JudgedBudget[], needed: Amount): DomainError {
  const needs = { ...(needed.usd === null ? {} : { needed_usd: formatUsd(needed.usd) }), needed_tokens: needed.tokens };
  const details = full.map((budget) => ({
    budget_id: budget.id,
    subject: { type: budget.subject_type, id: budget.subject_id },
    period: budget.period,
    limit_usd: budget.limit_usd === null ? null : formatUsd(budget.limit_usd),
    remaining_usd: budget.left_usd === null ? null : formatUsd(atLeastZero(budget.left_usd)),
    limit_tokens: budget.limit_tokens,
    remaining_tokens: budget.left_tokens === null ? null : Math.max(0, budget.left_tokens),
    resets_at: budget.resets_at?.toISOString() ?? null,
    ...needs,
  }));
  const [told] = details;
  if (!told) throw new Error('a refusal without a budget');
  const name = `${PERIOD_NAMES[told.period]} budget of the ${SUBJECT_NAMES[told.subject.type]}`;
  const need = [
    told.remaining_usd && needs.needed_usd && `${needs.needed_usd} USD`,
    tokens(told.remaining_tokens, needed.tokens),
  ];
  const rest = [
    told.remaining_usd && `${told.remaining_usd} USD`,
    tokens(told.remaining_tokens, told.remaining_tokens),
  ];
  const resets = told.resets_at ? ` It begins anew at ${told.resets_at}.` : '';
  return new DomainError(
    'limit',
    'budget_exceeded',
    `The call may come to ${both(need)}, and the ${name} has ${both(rest)} left: ask for fewer max_tokens, or send allow_truncate to take what fits.${resets}`,
    { details, shouldRetry: false },
  );
}

const SUBJECT_NAMES = { workspace: 'workspace', member: 'member', api_key: 'API key' };
const PERIOD_NAMES = { day: 'day', month: 'month', total: 'all-time' };
const tokens = (limited: number | null, count: number | null) => limited !== null && `${count} tokens`;
const both = (amounts: readonly (string | false | null | undefined)[]) => amounts.filter(Boolean).join(' and ');
