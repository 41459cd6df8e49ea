import { formatReset, rateHeaders } from './rate-headers';

describe('rate headers', () => {
  it.each([
    [0, '0s'],
    [0.2, '1ms'],
    [120, '120ms'],
    [999, '999ms'],
    [999.5, '1s'],
    [1_000, '1s'],
    [1_001, '2s'],
    [59_999, '1m0s'],
    [360_000, '6m0s'],
    [3_600_000, '1h0m0s'],
    [86_340_500, '23h59m1s'],
  ])('tell %d ms as %s', (ms, told) => {
    expect(formatReset(ms)).toBe(told);
  });

  it('are named after what they count', () => {
    expect(rateHeaders('tokens', { limit: 100, remaining: 7, resetMs: 1_000 })).toEqual({
      'x-ratelimit-limit-tokens': '100',
      'x-ratelimit-remaining-tokens': '7',
      'x-ratelimit-reset-tokens': '1s',
    });
  });
});
