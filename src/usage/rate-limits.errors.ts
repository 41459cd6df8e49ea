import { DomainError, type DomainErrorOptions } from '../platform/common/errors/domain.error';
import { type Tier, type TierRate } from './tiers';

/** Nobody knows when a call will end. */
const CONCURRENT_RETRY_SECONDS = 1;

const exceeded = (message: string, options: DomainErrorOptions) =>
  new DomainError('limit', 'rate_limit_exceeded', message, options);

/** The rate is used up for now, or `wanted` is more than it ever allows (`waitMs` is Infinity). */
export function rateExceeded(tier: Tier, { rate, counts, per, limit }: TierRate, wanted: number, waitMs: number) {
  const details = [{ limit: rate, tier: tier.name, max: limit }];
  const allowed = `the ${limit} ${counts} a ${per} that the tier '${tier.name}' allows a workspace`;
  if (waitMs === Infinity) {
    const shorter = counts === 'tokens' ? 'Shorten it, or lower max_tokens.' : 'Send fewer at once.';
    const message = `This needs ${wanted} ${counts}, more than ${allowed}. ${shorter}`;
    return exceeded(message, { details, shouldRetry: false });
  }
  const retryAfterSeconds = Math.ceil(waitMs / 1_000);
  const message = `This would exceed ${allowed} (${rate}). Try again in ${retryAfterSeconds} s.`;
  return exceeded(message, { details, retryAfterSeconds });
}

export const tooManyAtOnce = ({ name }: Tier, max: number) =>
  exceeded(
    `All of the ${max} calls of models that the tier '${name}' allows a workspace at a time are under way (concurrent). Try again when one has ended.`,
    { details: [{ limit: 'concurrent', tier: name, max }], retryAfterSeconds: CONCURRENT_RETRY_SECONDS },
  );
