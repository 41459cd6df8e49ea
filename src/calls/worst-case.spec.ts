import { FREE, mostCostOf, type Price } from '../providers/pricing';
import { type Plan, type Target } from '../providers/providers.service';
import { type GenerationRequest } from '../providers/providers.types';
import { estimateInput } from './estimate';
import { worstCase } from './worst-case';

const rates = (perToken: bigint) => [{ above: 0, perToken }];
const target = (model: string, price: Price | null, some: object = {}) =>
  ({
    id: `local/${model}`,
    model,
    provider: { id: 'local', adapter: {} },
    info: { price, ...some },
  }) as unknown as Target;
const plan = (steps: Target[][], overflow: Target[] = []): Plan => ({ steps, overflow, pastFilter: false });

const cheap = target('cheap', { ...FREE, input: rates(1n), output: rates(2n) });
const dear = target('dear', { ...FREE, input: rates(10n), output: rates(20n), cacheWrite: rates(12n) });
const unpriced = target('unpriced', null);
const request: GenerationRequest = {
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello!' }] }],
  maxTokens: 100,
};
const { upper } = estimateInput(request, cheap);

describe('worstCase', () => {
  it('takes the dearest way to read the prompt, and the longest answer', () => {
    expect(worstCase(plan([[dear]]), request).cost).toBe(BigInt(upper) * 12n + 100n * 20n);
    expect(worstCase(plan([[dear]]), request).tokens).toBe(upper + 100);
  });

  it('takes the dearest of those asked one after the other, and the sum of a race', () => {
    const alone = (one: Target) => worstCase(plan([[one]]), request).cost ?? 0n;
    expect(worstCase(plan([[cheap], [dear]]), request).cost).toBe(alone(dear));
    expect(worstCase(plan([[cheap]], [dear]), request).cost).toBe(alone(dear));
    expect(worstCase(plan([[cheap, dear]]), request).cost).toBe(alone(cheap) + alone(dear));
    expect(worstCase(plan([[cheap, dear]]), request).tokens).toBe(2 * (upper + 100));
  });

  it('does not know what it costs when one of them has no price', () => {
    expect(worstCase(plan([[cheap], [unpriced]]), request)).toMatchObject({ cost: null, tokens: upper + 100 });
    expect(worstCase(plan([[unpriced], [cheap]]), request).cost).toBeNull();
  });

  it('expects as many answers as were asked for, each as long as the caller, the model or nobody says', () => {
    const longest = (of: Target, some: Partial<GenerationRequest>) =>
      worstCase(plan([[of]]), { messages: [], ...some }).perTarget[0]?.maxOutput;
    const limited = target('limited', FREE, { maxOutputTokens: 4096 });
    expect(longest(limited, { maxTokens: 10, n: 3 })).toBe(30);
    expect(longest(limited, {})).toBe(4096);
    expect(longest(cheap, {})).toBe(32_768);
    expect(worstCase(plan([[limited]]), request, 7).perTarget[0]?.maxOutput).toBe(7);
  });

  it('reaches the tier of long prompts only with a long prompt', () => {
    const tiered = { ...FREE, input: [...rates(1n), { above: 200_000, perToken: 2n }], output: rates(3n) };
    expect(mostCostOf(tiered, 200_000, 1)).toBe(200_003n);
    expect(mostCostOf(tiered, 200_001, 1)).toBe(400_005n);
  });
});
