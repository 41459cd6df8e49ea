import { Injectable, Logger } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { logFailure } from '../platform/common/errors/exception.filter';
import { type Rate } from '../platform/common/http/rate-headers';
import { Config } from '../platform/config/config.service';
import { type Slot, Slots, Windows, type WindowState } from '../platform/store/store.types';
import { type CallAdmission, type Entry, type LimitsReport } from './rate-limits.types';
import { rateExceeded, tooManyAtOnce } from './rate-limits.errors';
import { type Tier, type TierRate, Tiers } from './tiers';

/** What limits are looked up by. */
type Limited = Pick<Principal, 'workspaceId' | 'tier'>;
/** For what has been used already: it is counted, whether there is room or not. */
const ANY = Number.MAX_SAFE_INTEGER;

/**
 * Holds callers against the limits of their tier. All of a workspace who have the same tier share its limits once: another
 * key or another member adds nothing. Throws `service_unavailable` while what all processes share can't be asked.
 */
@Injectable()
export class RateLimitsService {
  private readonly logger = new Logger(RateLimitsService.name);
  private readonly tiers: Tiers;

  constructor(
    { yaml }: Config,
    private readonly windows: Windows,
    private readonly slots: Slots,
  ) {
    this.tiers = new Tiers(yaml);
  }

  /** Takes `count` requests, or none when they do not fit. Null for callers whose tier limits neither requests nor tokens. */
  async enter(principal: Principal, count: number): Promise<Entry | null> {
    const tier = this.tiers.of(principal);
    const rates = tier ? ratesOf(tier) : [];
    if (!tier || rates.length === 0) return null;
    const { workspaceId } = principal;
    const amountOf = ({ counts }: TierRate) => (counts === 'requests' ? count : 0); // tokens are only looked at
    const { at, states, refused } = await this.windows.take(
      workspaceId,
      rates.map((rate) => ({ ...rate.window, amount: amountOf(rate) })),
    );
    const left = rates.map((rate, i) => ({ counts: rate.counts, ...toRate(rate, states[i]) }));
    const full = refused && rates[refused.index];
    return {
      requests: tightest(left.filter(({ counts }) => counts === 'requests')),
      tokens: tightest(left.filter(({ counts }) => counts === 'tokens')),
      refusal: full ? rateExceeded(tier, full, count, refused.waitMs) : null,
      leave: () => {
        for (const { window } of tier.requests) this.behind(this.windows.giveBack(workspaceId, window, at, count));
      },
    };
  }

  /**
   * Admits a call of a model that may use so many tokens, or throws `rate_limit_exceeded`; whoever is admitted must
   * settle. Null for callers whose tier limits neither tokens nor calls at a time: theirs need no admission.
   */
  admission(principal: Limited): ((tokens: number) => Promise<CallAdmission>) | null {
    const tier = this.tiers.of(principal);
    if (!tier || (tier.tokens === null && tier.concurrent === null)) return null;
    return (tokens) => this.admit(principal, tier, tokens);
  }

  /** Calls of models this caller may have under way at a time; Infinity where that is not limited. */
  concurrency(principal: Limited): number {
    return this.tiers.of(principal)?.concurrent ?? Infinity;
  }

  /** The caller's tier; null when nothing is limited. */
  tierOf(principal: Principal): Tier | null {
    return this.tiers.of(principal);
  }

  /** What the caller's tier allows and what is left of it. Uses nothing up. */
  async report(principal: Principal): Promise<LimitsReport> {
    const tier = this.tiers.of(principal);
    if (!tier) return { tier: null, at: Date.now(), rates: [], concurrent: null };
    const rates = ratesOf(tier);
    const { workspaceId } = principal;
    const [{ at, states }, held] = await Promise.all([
      this.windows.take(
        workspaceId,
        rates.map(({ window }) => ({ ...window, amount: 0 })),
      ),
      tier.concurrent === null ? 0 : this.slots.held(workspaceId, tier.name),
    ]);
    return {
      tier,
      at,
      rates: rates.map((rate, i) => ({ ...rate, ...toRate(rate, states[i]) })),
      concurrent: tier.concurrent === null ? null : { max: tier.concurrent, held },
    };
  }

  private async admit(principal: Limited, tier: Tier, tokens: number): Promise<CallAdmission> {
    const slot = await this.takeSlot(principal, tier);
    if (!tier.tokens) return { tokens: null, settle: () => slot?.release() };
    try {
      return await this.takeTokens(principal, tier, tier.tokens, tokens, slot);
    } catch (error) {
      slot?.release();
      throw error;
    }
  }

  private async takeSlot({ workspaceId }: Limited, tier: Tier): Promise<Slot | null> {
    if (tier.concurrent === null) return null;
    const slot = await this.slots.take(workspaceId, tier.name, tier.concurrent);
    if (!slot) throw tooManyAtOnce(tier, tier.concurrent);
    return slot;
  }

  private async takeTokens(
    { workspaceId }: Limited,
    tier: Tier,
    rate: TierRate,
    amount: number,
    slot: Slot | null,
  ): Promise<CallAdmission> {
    const { window } = rate;
    const { at, states, refused } = await this.windows.take(workspaceId, [{ ...window, amount }]);
    if (refused) throw rateExceeded(tier, rate, amount, refused.waitMs);
    return {
      tokens: toRate(rate, states[0]),
      settle: (used) => {
        slot?.release();
        if (used < amount) this.behind(this.windows.giveBack(workspaceId, window, at, amount - used));
        if (used > amount)
          this.behind(this.windows.take(workspaceId, [{ ...window, limit: ANY, amount: used - amount }]));
      },
    };
  }

  /** Corrections nobody waits for. One that is lost only leaves the estimate to run out. */
  private behind(correction: Promise<unknown>): void {
    correction.catch((error: unknown) => logFailure(this.logger, error));
  }
}

const ratesOf = ({ requests, tokens }: Tier): TierRate[] => (tokens ? [...requests, tokens] : [...requests]);

const toRate = ({ limit }: TierRate, { used, resetMs }: WindowState = { used: 0, resetMs: 0 }): Rate => ({
  limit,
  remaining: Math.max(0, limit - used),
  resetMs,
});

/** The one that will be used up first, and of several such the one that lasts. */
const tightest = (rates: readonly Rate[]): Rate | null =>
  rates.toSorted((a, b) => a.remaining - b.remaining || b.resetMs - a.resetMs)[0] ?? null;
