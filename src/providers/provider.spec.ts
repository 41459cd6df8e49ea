import { MemoryMarks } from '../platform/store/memory-marks';
import { Provider, type ProviderKey } from './provider';
import { UpstreamError, type UpstreamFailure } from './providers.errors';
import { type ProviderAdapter } from './providers.types';

const account = (apiKey: string) => ({ apiKey, adapter: { id: apiKey } as ProviderAdapter });
const failure = (kind: UpstreamFailure, retryAfterSeconds?: number) =>
  new UpstreamError('p', kind, 'no', retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
const NONE = new Set<ProviderKey>();

describe('Provider', () => {
  const marks = new MemoryMarks();
  let serial = 0;
  const withKeys = (count: number) =>
    new Provider(
      'p',
      Array.from({ length: count }, () => account(`key ${++serial}`)),
      marks,
    );
  const picks = (provider: Provider, times: number) =>
    Array.from({ length: times }, () => provider.pick(NONE)?.adapter.id);
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('lets its keys take turns', () => {
    expect(new Set(picks(withKeys(3), 3)).size).toBe(3);
  });

  it('lets a refused key rest, and takes it again later', () => {
    const provider = withKeys(2);
    const refused = provider.pick(NONE)!;
    expect(provider.rest(refused, failure('auth'))).toBe(true);
    expect(provider.state).toEqual({ total: 2, resting: 1 });
    expect(picks(provider, 5)).not.toContain(refused.adapter.id);
    jest.advanceTimersByTime(300_001);
    expect(picks(provider, 2)).toContain(refused.adapter.id);
  });

  it('lets a limited key rest for as long as was asked', () => {
    const provider = withKeys(2);
    provider.rest(provider.pick(NONE)!, failure('rate_limit', 7));
    jest.advanceTimersByTime(6_999);
    expect(provider.state.resting).toBe(1);
    jest.advanceTimersByTime(2);
    expect(provider.state.resting).toBe(0);
  });

  it('never lets the last one rest', () => {
    const provider = withKeys(2);
    for (let i = 0; i < 4; i++) provider.rest(provider.pick(NONE)!, failure('auth'));
    expect(provider.state.resting).toBe(1);
    const single = withKeys(1);
    expect(single.rest(single.pick(NONE)!, failure('rate_limit'))).toBe(true);
    expect(single.pick(NONE)).not.toBeNull();
  });

  it('still has one when all rest, as replicas may bring about together', () => {
    const keys = [account('x'), account('y')];
    const [here, there] = [new Provider('q', keys, marks), new Provider('q', keys, new MemoryMarks())];
    const [first, second] = [here.pick(NONE)!, here.pick(NONE)!];
    here.rest(first, failure('auth'));
    there.rest(there.pick(new Set())!, failure('rate_limit'));
    marks.set(second.mark, Date.now() + 1_000);
    expect(here.pick(NONE)).toBe(second); // rests the shorter
    expect(here.pick(new Set([second]))).toBeNull(); // a resting one is not tried after another
  });

  it('does not take the failures of a provider for its key', () => {
    const provider = withKeys(2);
    expect(provider.rest(provider.pick(NONE)!, failure('server'))).toBe(false);
    expect(provider.state.resting).toBe(0);
  });
});
