import { LookupCache } from './lookup-cache';

interface Thing {
  owner: string;
}

function cacheOver(table: Map<string, Thing>, { max = 100, ttlMs = 10_000 } = {}) {
  const state = { trusted: true, queries: 0, release: [] as (() => void)[], slow: false };
  const cache = new LookupCache<Thing>({
    max,
    ttlMs,
    trusted: () => state.trusted,
    ownerOf: ({ owner }) => owner,
    load: async (key) => {
      state.queries++;
      const row = table.get(key) ?? null;
      if (state.slow) await new Promise<void>((done) => state.release.push(done));
      return row;
    },
  });
  return { cache, state };
}

describe('LookupCache', () => {
  it('asks once and then answers without a promise', async () => {
    const { cache, state } = cacheOver(new Map([['a', { owner: 'x' }]]));
    await cache.get('a');
    expect(cache.get('a')).toEqual({ owner: 'x' });
    expect(state.queries).toBe(1);
  });

  it('remembers that something is missing, within its own bound', async () => {
    const { cache, state } = cacheOver(new Map([['a', { owner: 'x' }]]), { max: 3 });
    await cache.get('a');
    for (const guess of ['1', '2', '3', '4', '5']) expect(await cache.get(guess)).toBeNull();
    expect(cache.get('5')).toBeNull();
    expect(cache.get('a')).toEqual({ owner: 'x' });
    expect(state.queries).toBe(6);
  });

  it('lets concurrent look-ups share one query', async () => {
    const { cache, state } = cacheOver(new Map([['a', { owner: 'x' }]]));
    await Promise.all(Array.from({ length: 20 }, async () => cache.get('a')));
    expect(state.queries).toBe(1);
  });

  it('forgets what matches and keeps the rest', async () => {
    const { cache, state } = cacheOver(
      new Map([
        ['a', { owner: 'x' }],
        ['b', { owner: 'y' }],
      ]),
    );
    await cache.get('a');
    await cache.get('b');
    cache.forget('x');
    expect(cache.get('b')).toEqual({ owner: 'y' });
    expect(cache.get('a')).toBeInstanceOf(Promise);
    expect(state.queries).toBe(3);
  });

  it('does not remember a look-up that began before something was forgotten', async () => {
    const table = new Map([['a', { owner: 'x' }]]);
    const { cache, state } = cacheOver(table);
    state.slow = true;
    const before = cache.get('a');
    table.delete('a');
    cache.forget('someone');
    const after = cache.get('a');
    for (const release of state.release) release();
    expect(await before).toEqual({ owner: 'x' });
    expect(await after).toBeNull();
    expect(cache.get('a')).toBeNull();
  });

  it('forgets all values of an owner, and everything when told nobody in particular', async () => {
    const table = new Map(['a', 'b', 'c', 'd'].map((key) => [key, { owner: key === 'd' ? 'y' : 'x' }]));
    const { cache } = cacheOver(table, { max: 3 });
    for (const key of table.keys()) await cache.get(key); // pushes out a
    cache.forget('x');
    for (const key of ['a', 'b', 'c']) expect(cache.get(key)).toBeInstanceOf(Promise);
    expect(cache.get('d')).toEqual({ owner: 'y' });
    expect(await cache.get('e')).toBeNull();
    cache.forget(null);
    for (const key of ['d', 'e']) expect(cache.get(key)).toBeInstanceOf(Promise);
  });

  it('uses nothing remembered while changes cannot be heard of', async () => {
    const table = new Map([['a', { owner: 'x' }]]);
    const { cache, state } = cacheOver(table);
    await cache.get('a');
    state.trusted = false;
    table.delete('a');
    expect(await cache.get('a')).toBeNull();
  });

  it('does not remember a failed look-up', async () => {
    let failing = true;
    const cache = new LookupCache<Thing>({
      max: 10,
      ttlMs: 10_000,
      trusted: () => true,
      ownerOf: ({ owner }) => owner,
      load: () => (failing ? Promise.reject(new Error('away')) : Promise.resolve({ owner: 'x' })),
    });
    await expect(cache.get('a')).rejects.toThrow('away');
    failing = false;
    expect(await cache.get('a')).toEqual({ owner: 'x' });
  });
});
