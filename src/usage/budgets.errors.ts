import { DomainError } from '../platform/common/errors/domain.error';
import { atLeastZero, formatUsd } from '../platform/common/money';
import { type Amount, type JudgedBudget } from './budgets.types';

export const budgetNotFound = () =>
  new DomainError('not_found', 'budget_not_found', 'There is no budget with this id in this workspace.');

export const modelUnpriced = () =>
  new DomainError(
    'invalid',
    'model_unpriced',
    'A budget in USD applies, and what this model costs is not known: give it a price in parley.yaml, or allow unpriced models in the workspace.',
    { param: 'model' },
  );

/**
 * Names every budget without room for the worst case of a call, with what is left in it and when it begins anew. `left`
 * is beside what is spent and what other calls under way may still spend.
 */
export function budgetExceeded(full: readonly JudgedBudget[], needed: Amount): DomainError {
  const needs = { ...(needed.usd === null ? {} : { needed_usd: formatUsd(needed.usd) }), needed_tokens: needed.tokens };
  const details = full.map((budget) => ({
    budget_id: budget.id,
    subject: { type: budget.subject_type, id: budget.subject_id },
    period: budget.period,
    limit_usd: budget.limit_usd === null ? null : formatUsd(budget.limit_usd),
    left_usd: budget.left_usd === null ? null : formatUsd(atLeastZero(budget.left_usd)),
    limit_tokens: budget.limit_tokens,
    left_tokens: budget.left_tokens === null ? null : Math.max(0, budget.left_tokens),
    resets_at: budget.resets_at?.toISOString() ?? null,
    ...needs,
  }));
  const [first] = full;
  const [told] = details;
  const left = [told?.left_usd && `${told.left_usd} USD`, told?.left_tokens !== null && `${told?.left_tokens} tokens`];
  const resets = told?.resets_at ? `it begins anew at ${told.resets_at}` : 'it does not begin anew';
  return new DomainError(
    'limit',
    'budget_exceeded',
    `The ${first?.period} budget of the ${NAMES[first?.subject_type ?? 'workspace']} has ${left.filter(Boolean).join(' and ')} left, which the call may exceed; ${resets}.`,
    { details, shouldRetry: false },
  );
}

const NAMES = { workspace: 'workspace', member: 'member', api_key: 'API key' };
