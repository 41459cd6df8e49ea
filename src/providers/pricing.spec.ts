import fc from 'fast-check';
import { costOf, FREE, mostCostOf, priceFromLibrary, priceFromSettings } from './pricing';
import { type TokenUsage } from './providers.types';

const usage = (some: Partial<TokenUsage>): TokenUsage => ({
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  ...some,
});
const settings = { input_per_mtok: '0.15', output_per_mtok: '0.6', cached_input_per_mtok: '0.075' };

describe('costOf', () => {
  it('prices cached, written and plain input each at its own rate', () => {
    const price = priceFromSettings({ ...settings, cache_write_per_mtok: '0.1875' });
    const spent = costOf(
      price,
      usage({ inputTokens: 1000, cachedInputTokens: 400, cacheWriteTokens: 100, outputTokens: 10 }),
    );

    expect(spent).toBe(500n * 150_000n + 400n * 75_000n + 100n * 187_500n + 10n * 600_000n);
  });

  it('takes cached input at the full rate where it has none of its own', () => {
    const price = priceFromSettings({ input_per_mtok: '1', output_per_mtok: '2' });
    expect(costOf(price, usage({ inputTokens: 10, cachedInputTokens: 10 }))).toBe(10_000_000n);
  });

  it('prices sound, pictures and thoughts at their own rates where there are any', () => {
    const rates = (perToken: bigint) => [{ above: 0, perToken }];
    const own = { audioInput: rates(32n), imageInput: rates(5n), audioOutput: rates(64n), reasoning: rates(3n) };
    const media = { audioInput: 30, imageInput: 20, audioOutput: 10 };
    const spent = usage({ inputTokens: 100, cachedInputTokens: 10, outputTokens: 50, reasoningTokens: 15, media });

    const price = { ...FREE, input: rates(4n), output: rates(16n) };
    expect(costOf({ ...price, ...own }, spent)).toBe(
      50n * 4n + 30n * 32n + 20n * 5n + 25n * 16n + 10n * 64n + 15n * 3n,
    );
    expect(costOf(price, spent)).toBe(100n * 4n + 50n * 16n);
  });

  it('is never more than the most it can cost', () => {
    const tokens = fc.nat(500_000);
    const price = priceFromLibrary('anthropic', 'claude-sonnet-4-5') ?? FREE;
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, tokens, (input, output, cached, written, reserve) => {
        const cachedInputTokens = Math.min(cached, input);
        const cacheWriteTokens = Math.min(written, input - cachedInputTokens);
        const used = usage({ inputTokens: input, outputTokens: output, cachedInputTokens, cacheWriteTokens });
        expect(costOf(price, used)).toBeLessThanOrEqual(mostCostOf(price, input + reserve, output));
      }),
    );
  });

  it('is never negative and free models are free', () => {
    const tokens = fc.nat(10_000_000);
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens) => {
        const used = usage({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens });
        expect(costOf(priceFromSettings(settings), used)).toBeGreaterThanOrEqual(0n);
        expect(costOf(FREE, used)).toBe(0n);
      }),
    );
  });
});

describe('priceFromLibrary', () => {
  it('knows what a well-known model costs per token, to the last unit', () => {
    const price = priceFromLibrary('openai', 'gpt-4o-mini');
    expect(price && costOf(price, usage({ inputTokens: 1_000_000 }))).toBe(150_000_000_000n);
    expect(price && costOf(price, usage({ inputTokens: 1_000_000, cachedInputTokens: 1_000_000 }))).toBe(
      75_000_000_000n,
    );
    expect(price && costOf(price, usage({ outputTokens: 1_000_000 }))).toBe(600_000_000_000n);
  });

  it('charges a long prompt at the rate of its tier, all of it', () => {
    const price = priceFromLibrary('anthropic', 'claude-sonnet-4-5');
    expect(price && costOf(price, usage({ inputTokens: 200_000 }))).toBe(200_000n * 3_000_000n);
    expect(price && costOf(price, usage({ inputTokens: 200_001 }))).toBe(200_001n * 6_000_000n);
  });

  it('does not know what nobody priced', () => {
    expect(priceFromLibrary('openai', 'my-own-model')).toBeNull();
  });
});
