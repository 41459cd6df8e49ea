import { type Principal } from '../platform/common/auth/principal';
import { type ParleyYaml } from '../platform/config/parley-yaml';
import { type TierSettings } from '../platform/config/tier';
import { type Window } from '../platform/store/store.types';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What can be limited over time. Requests a minute are exact; a day is told from 288 numbers, the tokens of a minute from 60. */
const RATES = {
  requests_per_minute: { counts: 'requests', per: 'minute', windowMs: MINUTE_MS, stepMs: 1 },
  requests_per_day: { counts: 'requests', per: 'day', windowMs: DAY_MS, stepMs: DAY_MS / 288 },
  tokens_per_minute: { counts: 'tokens', per: 'minute', windowMs: MINUTE_MS, stepMs: MINUTE_MS / 60 },
} as const;

export type RateName = keyof typeof RATES;

/** One rate of a tier, with the window it is counted in. */
export interface TierRate {
  rate: RateName;
  counts: 'requests' | 'tokens';
  per: 'minute' | 'day';
  limit: number;
  window: Window;
}

/** What those may use who have it; null is not limited. */
export interface Tier {
  name: string;
  requests: readonly TierRate[];
  tokens: TierRate | null;
  concurrent: number | null;
  maxUpload: number | null;
  maxDocuments: number | null;
}

/** The tiers of `parley.yaml`. */
export class Tiers {
  private readonly byName: ReadonlyMap<string, Tier>;
  private readonly default: Tier | null;

  constructor({ tiers, default_tier }: Pick<ParleyYaml, 'tiers' | 'default_tier'>) {
    this.byName = new Map(Object.entries(tiers).map(([name, settings]) => [name, toTier(name, settings)]));
    this.default = (default_tier && this.byName.get(default_tier)) || null;
  }

  /** The tier the caller was given, while there is one of that name, else the default one. Null: nothing is limited. */
  of({ tier }: Pick<Principal, 'tier'>): Tier | null {
    return (tier === null ? null : this.byName.get(tier)) ?? this.default;
  }
}

function toTier(name: string, settings: TierSettings): Tier {
  const rates = (Object.keys(RATES) as RateName[]).flatMap((rate): TierRate[] => {
    const limit = settings[rate];
    if (limit === undefined) return [];
    const { counts, per, windowMs, stepMs } = RATES[rate];
    return [{ rate, counts, per, limit, window: { name: `${name}:${rate}`, limit, windowMs, stepMs } }];
  });
  return {
    name,
    requests: rates.filter(({ counts }) => counts === 'requests'),
    tokens: rates.find(({ counts }) => counts === 'tokens') ?? null,
    concurrent: settings.concurrent ?? null,
    maxUpload: settings.max_upload ?? null,
    maxDocuments: settings.max_documents ?? null,
  };
}
