import { type DomainError } from '../platform/common/errors/domain.error';
import { type Rate } from '../platform/common/http/rate-headers';
import { type Tier, type TierRate } from './tiers';

/** A request at the door. */
export interface Entry {
  /** Of the limits on requests the one that will be used up first; null when the tier has none. */
  requests: Rate | null;
  tokens: Rate | null;
  /** Why it may not come in; null when it may. */
  refusal: DomainError | null;
  /** Undoes it: it was refused further inside, and a refused request uses nothing up. Doesn't wait, never throws. */
  leave(): void;
}

/** A call of a model that may be made. */
export interface CallAdmission {
  /** What is left of the tokens; null where they are not limited. */
  tokens: Rate | null;
  /** The call is over, however it ended, and has used so many tokens. Doesn't wait, never throws; to be called once. */
  settle(used: number): void;
}

/** What a tier allows and what is left of it, at a moment in milliseconds since the epoch. */
export interface LimitsReport {
  /** Null: nothing is limited. */
  tier: Tier | null;
  at: number;
  rates: (TierRate & Rate)[];
  concurrent: { max: number; held: number } | null;
}
