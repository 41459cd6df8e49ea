import { DomainError } from '../platform/common/errors/domain.error';
import { atLeastZero, formatUsd, type PicoUsd } from '../platform/common/money';

/** A call that can't be made for what may still be spent. */
export const maxCostReached = (left: PicoUsd) =>
  new DomainError(
    'invalid',
    'max_cost_reached',
    `Another call may come to more than the ${formatUsd(atLeastZero(left))} USD that max_cost_usd leaves.`,
    { param: 'max_cost_usd' },
  );
