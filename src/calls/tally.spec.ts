import { type Target } from '../providers/providers.service';
import { type GenerationRequest } from '../providers/providers.types';
import { tokensOfBytes } from './estimate';
import { Tally } from './tally';

const request: GenerationRequest = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'x'.repeat(400) }] }] };
const unpriced = { info: null, model: 'some', provider: { id: 'local', adapter: {} } } as unknown as Target;

describe('Tally', () => {
  it("takes the provider's own count where there is one", () => {
    const told = { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2, cacheWriteTokens: 0, reasoningTokens: 1 };
    const tally = new Tally();
    tally.add({ type: 'text', delta: 'a long answer that would be estimated otherwise' });
    tally.add({ type: 'finish', reason: 'stop', usage: told });

    expect(tally.usage(request, unpriced)).toEqual(told);
    expect(tally.estimated).toBe(false);
  });

  it('estimates from all that was said where the provider told nothing', () => {
    const tally = new Tally();
    tally.add({ type: 'reasoning', delta: 'abcd' });
    tally.add({ type: 'text', delta: '日本' });
    tally.add({ type: 'tool_call', index: 0, argumentsDelta: '{"a":1}' });

    expect(tally.usage(request, unpriced)).toMatchObject({ inputTokens: 104, outputTokens: tokensOfBytes(4 + 6 + 7) });
    expect(tally.estimated).toBe(true);
    expect(tally.cost(unpriced, tally.usage(request, unpriced))).toBeNull();
  });

  it('estimates no more than the answer may be long', () => {
    const tally = new Tally();
    tally.add({ type: 'text', delta: ' '.repeat(2_000) });
    expect(tally.usage({ ...request, maxTokens: 100 }, unpriced).outputTokens).toBe(100);
    expect(tally.usage({ ...request, maxTokens: 100, n: 3 }, unpriced).outputTokens).toBe(300);
    expect(tally.usage(request, unpriced).outputTokens).toBe(500);
  });

  it.each([
    ['negative', { outputTokens: -7 }],
    ['a fraction', { inputTokens: 1.5 }],
    ['an unsigned minus one', { outputTokens: 4_294_967_295 }],
    ['text', { inputTokens: '10' as unknown as number }],
    ['not a number', { outputTokens: Number.NaN }],
  ])('estimates instead of believing a count that is %s', (_, told) => {
    const tally = new Tally();
    const usage = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    tally.add({ type: 'finish', reason: 'stop', usage: { ...usage, ...told } });
    expect(tally.estimated).toBe(true);
    expect(tally.usage(request, unpriced)).toMatchObject({ inputTokens: 60, outputTokens: 0 });
  });

  it('takes parts for no more than their whole', () => {
    const tally = new Tally();
    const usage = {
      inputTokens: 10,
      outputTokens: 5,
      cachedInputTokens: 8,
      cacheWriteTokens: 900_000,
      reasoningTokens: 9,
    };
    tally.add({ type: 'finish', reason: 'stop', usage });
    expect(tally.usage(request, unpriced)).toMatchObject({
      cachedInputTokens: 8,
      cacheWriteTokens: 2,
      reasoningTokens: 5,
    });
  });

  it('owes nothing for a request the provider refused', () => {
    const tally = new Tally();
    tally.owed = false;

    expect(tally.usage(request, unpriced)).toMatchObject({ inputTokens: 0, outputTokens: 0 });
    expect(tally.estimated).toBe(false);
    expect(tally.cost(unpriced, tally.usage(request, unpriced))).toBe(0n);
  });

  it('knows when the first content came', () => {
    const tally = new Tally();
    tally.add({ type: 'start' });
    expect(tally.began).toBe(false);
    expect(tally.ttftMs).toBeNull();
    tally.add({ type: 'text', delta: 'x' });
    expect(tally.began).toBe(true);
    expect(tally.ttftMs).toBeGreaterThanOrEqual(0);
  });
});
