import { calcPrice, type TieredPrices } from '@pydantic/genai-prices';
import { type ModelSettings } from '../platform/config/parley-yaml';
import { type PicoUsd } from '../platform/common/money';
import { type TokenUsage } from './providers.types';

/** Ascending; the last step whose `above` the call's input tokens exceed is the rate of all its tokens of that kind. */
type Rates = readonly { above: number; perToken: PicoUsd }[];

/** What a model's tokens cost, by kind. Kinds without a rate of their own cost what their whole costs. */
export interface Price {
  input: Rates;
  output: Rates;
  cachedInput: Rates | null;
  cacheWrite: Rates | null;
}

/** Exact: tokens × units of 10⁻¹² USD. */
export function costOf(price: Price, usage: TokenUsage): PicoUsd {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens } = usage;
  const at = (rates: Rates) => rates.findLast(({ above }) => inputTokens > above || above === 0)?.perToken ?? 0n;
  const plain = Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens);
  return (
    BigInt(plain) * at(price.input) +
    BigInt(cachedInputTokens) * at(price.cachedInput ?? price.input) +
    BigInt(cacheWriteTokens) * at(price.cacheWrite ?? price.input) +
    BigInt(outputTokens) * at(price.output)
  );
}

/** From `parley.yaml`: decimal text in USD per million tokens, at most six decimals, so that a token's price is whole units. */
export function priceFromSettings(settings: NonNullable<ModelSettings['price']>): Price {
  return {
    input: flat(settings.input_per_mtok),
    output: flat(settings.output_per_mtok),
    cachedInput: settings.cached_input_per_mtok === undefined ? null : flat(settings.cached_input_per_mtok),
    cacheWrite: settings.cache_write_per_mtok === undefined ? null : flat(settings.cache_write_per_mtok),
  };
}

/** From the bundled price list of `@pydantic/genai-prices`; null when it doesn't know the model or its text prices. */
export function priceFromLibrary(provider: string, model: string): Price | null {
  const known = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { providerId: provider });
  if (!known) return null;
  const { input_mtok, output_mtok, cache_read_mtok, cache_write_mtok } = known.model_price;
  if (input_mtok === undefined || output_mtok === undefined) return null;
  return {
    input: rates(input_mtok),
    output: rates(output_mtok),
    cachedInput: cache_read_mtok === undefined ? null : rates(cache_read_mtok),
    cacheWrite: cache_write_mtok === undefined ? null : rates(cache_write_mtok),
  };
}

/** The price of what costs nothing. */
export const FREE: Price = { input: flat('0'), output: flat('0'), cachedInput: null, cacheWrite: null };

function flat(usdPerMillion: string): Rates {
  const [whole = '0', fraction = ''] = usdPerMillion.split('.');
  return [{ above: 0, perToken: BigInt(whole + fraction.padEnd(6, '0')) }];
}

const perToken = (usdPerMillion: number): PicoUsd => BigInt(Math.round(usdPerMillion * 1_000_000));

function rates(price: number | TieredPrices): Rates {
  if (typeof price === 'number') return [{ above: 0, perToken: perToken(price) }];
  return [
    { above: 0, perToken: perToken(price.base) },
    ...price.tiers.map((tier) => ({ above: tier.start, perToken: perToken(tier.price) })),
  ];
}
