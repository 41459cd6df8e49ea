import fc from 'fast-check';
import { bitsOf, signCode } from './rotation';
import { dot, fromBytes, toBytes, unit } from './vectors';

const vectors = (dimensions: number) =>
  fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: dimensions, maxLength: dimensions })
    .map((values) => Float32Array.from(values));

const differing = (a: string, b: string) => [...a].filter((bit, i) => bit !== b[i]).length;

describe('a sign code', () => {
  it.each([
    [1, 64],
    [64, 64],
    [384, 512],
    [1_536, 2_048],
    [3_072, 4_096],
  ])('of %d dimensions has %d bits', (dimensions, bits) => {
    expect(bitsOf(dimensions)).toBe(bits);
    expect(signCode(new Float32Array(dimensions).fill(1))).toMatch(new RegExp(`^[01]{${bits}}$`));
  });

  it('is the same for the same direction, and the opposite for the opposite one', () => {
    fc.assert(
      fc.property(vectors(100), (vector) => {
        fc.pre(vector.some((value) => Math.abs(value) > 1e-3));
        expect(differing(signCode(vector), signCode(vector.map((value) => value * 2)))).toBe(0);
        // What is exactly zero has no sign to change.
        expect(differing(signCode(vector), signCode(vector.map((value) => -value)))).toBeGreaterThan(96);
      }),
    );
  });

  it('differs in about as many bits as the angle is of a half turn, for sparse vectors too', () => {
    const at = (...places: number[]) => Float32Array.from({ length: 384 }, (_, i) => (places.includes(i) ? 1 : 0));
    const pairs = [
      [at(3, 77), at(3, 77, 200)],
      [at(3, 77), at(3, 80)],
      [at(3), at(4)],
    ] as const;
    for (const [a, b] of pairs) {
      const angle = Math.acos(dot(unit(a), unit(b))) / Math.PI;
      expect(Math.abs(differing(signCode(a), signCode(b)) / 512 - angle)).toBeLessThan(0.08);
    }
  });
});

describe('a vector', () => {
  it('is the same after it was stored', () => {
    fc.assert(fc.property(vectors(33), (vector) => expect(fromBytes(toBytes(vector))).toEqual(vector)));
    expect([...toBytes(Float32Array.of(1))]).toEqual([0, 0, 128, 63]);
  });

  it('of length 1 has the same direction; zeros stay zeros', () => {
    expect([...unit(Float32Array.of(3, 4))]).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
    expect([...unit(Float32Array.of(0, 0))]).toEqual([0, 0]);
    expect(() => unit(Float32Array.of(1, Infinity))).toThrow('no finite numbers');
  });
});
