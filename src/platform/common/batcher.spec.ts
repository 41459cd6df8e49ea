import fc from 'fast-check';
import { Batcher } from './batcher';

/** A write that ends when told to. */
function heldWrites() {
  const groups: number[][] = [];
  const release: (() => void)[] = [];
  const write = (items: number[]) => {
    groups.push(items);
    return new Promise<void>((done) => release.push(done));
  };
  return { groups, write, next: () => release.shift()?.() };
}
const turn = () => new Promise((done) => setImmediate(done));

describe('Batcher', () => {
  it('writes what comes during a write as one group after it', async () => {
    const held = heldWrites();
    const batcher = new Batcher(held.write);
    const first = batcher.add(1);
    await turn();
    const rest = [batcher.add(2), batcher.add(3)];
    await turn();
    expect(held.groups).toEqual([[1]]);

    held.next();
    await first;
    await turn();
    expect(held.groups).toEqual([[1], [2, 3]]);
    held.next();
    await Promise.all(rest);
    await batcher.idle();
  });

  it('fails only the item that cannot be written', async () => {
    const written: number[] = [];
    const batcher = new Batcher<number>((items) => {
      if (items.includes(13)) return Promise.reject(new Error('unlucky'));
      written.push(...items);
      return Promise.resolve();
    });

    const results = await Promise.allSettled([1, 13, 2].map((item) => batcher.add(item)));

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(written.sort()).toEqual([1, 2]);
  });

  it('goes on after a failure, and writes every item exactly once in groups of at most the given size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(100), { maxLength: 50 }), fc.integer({ min: 1, max: 7 }), async (items, max) => {
        const written: number[] = [];
        const batcher = new Batcher<number>((group) => {
          expect(group.length).toBeLessThanOrEqual(max);
          written.push(...group);
          return Promise.resolve();
        }, max);
        await Promise.all(items.map((item) => batcher.add(item)));
        await batcher.idle();
        expect(written).toEqual(items);
      }),
    );
  });
});
