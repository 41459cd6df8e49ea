import { Tiers } from './tiers';

const tiers = new Tiers({
  tiers: { free: { requests_per_minute: 20, tokens_per_minute: 100 }, pro: { requests_per_day: 5 }, open: {} },
  default_tier: 'free',
});

describe('Tiers', () => {
  it('are given, or the default one', () => {
    expect(tiers.of({ tier: 'pro' })?.name).toBe('pro');
    expect(tiers.of({ tier: null })?.name).toBe('free');
  });

  it('that are gone leave the default one', () => {
    expect(tiers.of({ tier: 'gold' })?.name).toBe('free');
    expect(tiers.of({ tier: 'constructor' })?.name).toBe('free');
  });

  it('limit nothing where there is no default', () => {
    expect(new Tiers({ tiers: {} }).of({ tier: null })).toBeNull();
    expect(new Tiers({ tiers: { pro: {} } }).of({ tier: 'gone' })).toBeNull();
  });

  it('limit only what they name, each in windows of its own', () => {
    const free = tiers.of({ tier: 'free' });
    expect(free?.requests.map(({ rate, limit }) => [rate, limit])).toEqual([['requests_per_minute', 20]]);
    expect(free).toMatchObject({ tokens: { limit: 100 }, concurrent: null, maxUpload: null });
    expect(tiers.of({ tier: 'open' })).toMatchObject({ requests: [], tokens: null, concurrent: null });
    const names = ['free', 'pro'].flatMap((tier) => tiers.of({ tier })?.requests.map(({ window }) => window.name));
    expect(new Set(names).size).toBe(2);
  });
});
