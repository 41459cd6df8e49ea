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
  audioInput: Rates | null;
  imageInput: Rates | null;
  audioOutput: Rates | null;
  reasoning: Rates | null;
}

/** A price of nothing but its named kinds. */
const priceOfKinds = (kinds: Pick<Price, 'input' | 'output'> & Partial<Price>): Price => ({
  cachedInput: null,
  cacheWrite: null,
  audioInput: null,
  imageInput: null,
  audioOutput: null,
  reasoning: null,
  ...kinds,
});

/** Exact: tokens × units of 10⁻¹² USD. */
export function costOf(price: Price, usage: TokenUsage): PicoUsd {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens, media } = usage;
  const at = (rates: Rates) => rates.findLast(({ above }) => inputTokens > above || above === 0)?.perToken ?? 0n;
  const fresh = Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens);
  const audio = Math.min(media?.audioInput ?? 0, fresh);
  const images = Math.min(media?.imageInput ?? 0, fresh - audio);
  const reasoning = Math.min(reasoningTokens, outputTokens);
  const spoken = Math.min(media?.audioOutput ?? 0, outputTokens - reasoning);
  const { input, output } = price;
  return (
    BigInt(fresh - audio - images) * at(input) +
    BigInt(cachedInputTokens) * at(price.cachedInput ?? input) +
    BigInt(cacheWriteTokens) * at(price.cacheWrite ?? input) +
    BigInt(audio) * at(price.audioInput ?? input) +
    BigInt(images) * at(price.imageInput ?? input) +
    BigInt(outputTokens - reasoning - spoken) * at(output) +
    BigInt(reasoning) * at(price.reasoning ?? output) +
    BigInt(spoken) * at(price.audioOutput ?? output)
  );
}

/** What a call of at most so many tokens can't exceed, whatever kinds they turn out to be of: all at the dearest rate in reach. */
export function mostCostOf(price: Price, mostInput: number, mostOutput: number): PicoUsd {
  const dearest = (kinds: (Rates | null)[]) =>
    kinds
      .flatMap((rates) => rates ?? [])
      .filter(({ above }) => mostInput > above || above === 0)
      .reduce((most, { perToken }) => (perToken > most ? perToken : most), 0n);
  return (
    BigInt(mostInput) *
      dearest([price.input, price.cachedInput, price.cacheWrite, price.audioInput, price.imageInput]) +
    BigInt(mostOutput) * dearest([price.output, price.reasoning, price.audioOutput])
  );
}

/** From `parley.yaml`: decimal text in USD per million tokens, at most six decimals, so that a token's price is whole units. */
export function priceFromSettings(settings: NonNullable<ModelSettings['price']>): Price {
  return priceOfKinds({
    input: flat(settings.input_per_mtok),
    output: flat(settings.output_per_mtok ?? '0'),
    cachedInput: settings.cached_input_per_mtok === undefined ? null : flat(settings.cached_input_per_mtok),
    cacheWrite: settings.cache_write_per_mtok === undefined ? null : flat(settings.cache_write_per_mtok),
  });
}

/**
 * From the bundled price list of `@pydantic/genai-prices`; null when it doesn't know the model or its text prices.
 * @param writes whether the model writes anything: an embedding model has no price for that
 */
export function priceFromLibrary(provider: string, model: string, writes = true): Price | null {
  const known = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { providerId: provider });
  if (!known) return null;
  const { input_mtok, output_mtok, ...kinds } = known.model_price;
  if (input_mtok === undefined || (writes && output_mtok === undefined)) return null;
  const ratesOf = (kind: string) => (kinds[kind] === undefined ? null : rates(kinds[kind]));
  return priceOfKinds({
    input: rates(input_mtok),
    output: rates(output_mtok ?? 0),
    cachedInput: ratesOf('cache_read_mtok'),
    cacheWrite: ratesOf('cache_write_mtok'),
    audioInput: ratesOf('input_audio_mtok'),
    imageInput: ratesOf('input_image_mtok'),
    audioOutput: ratesOf('output_audio_mtok'),
    reasoning: ratesOf('output_reasoning_mtok'),
  });
}

/** The price of what costs nothing. */
export const FREE: Price = priceOfKinds({ input: flat('0'), output: flat('0') });

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
