import { fuse } from './fusion';

const ranking = (weight: number, ...ids: string[]) => ({
  weight,
  found: ids.map((chunkId) => ({ chunkId, score: 1 })),
});

describe('fusion', () => {
  it('is by the weighted sum of reciprocal ranks', () => {
    const fused = fuse([ranking(1, 'a', 'b'), ranking(0.5, 'b', 'c')], 1.5);
    expect(fused.map(({ chunkId }) => chunkId)).toEqual(['b', 'a', 'c']);
    expect(fused[0]?.score).toBeCloseTo((1 / 62 + 0.5 / 61) / (1.5 / 61));
    expect(fuse([ranking(1, 'a'), ranking(1, 'a')], 2)).toEqual([{ chunkId: 'a', score: 1 }]);
  });

  it('gives no share greater than one, however it is rounded', () => {
    for (let weight = 0.01; weight < 1; weight += 0.01) {
      const [best] = fuse([ranking(1, 'a'), ranking(weight, 'a')], 1 + weight);
      expect(best?.score).toBeLessThanOrEqual(1);
    }
  });

  it('lets a ranking of little weight break ties, and hardly overturn', () => {
    const ids = Array.from({ length: 20 }, (_, i) => `t${i}`);
    const fused = fuse([ranking(1, ...ids), ranking(0.3, 'other', 't1')], 1.3);
    expect(fused.slice(0, 2).map(({ chunkId }) => chunkId)).toEqual(['t1', 't0']);
    expect(fused.at(-1)?.chunkId).toBe('other');
  });
});
