/** Changing it makes every stored code worthless. */
const SEED = 0x9e3779b9;
/** With one round of signs a sparse vector's energy ends on few signs patterns; two spread it evenly. */
const ROUNDS = 2;

/** Length of a code: the next power of two, which the Hadamard transform needs, and at least 64. */
export const bitsOf = (dimensions: number): number => Math.max(64, 2 ** Math.ceil(Math.log2(dimensions)));

/**
 * The sign of every coordinate after a fixed random rotation, as a string of `0` and `1`. The share of bits in which two
 * codes differ estimates the angle between their vectors, as fraction of π (M. Charikar, Similarity Estimation Techniques
 * from Rounding Algorithms, 2002). The rotation, random signs and a Walsh-Hadamard transform, costs n·log n (N. Ailon and
 * B. Chazelle, The Fast Johnson-Lindenstrauss Transform, 2009); without it vectors that are mostly zeros have codes that say little.
 */
export function signCode(vector: Float32Array): string {
  const n = bitsOf(vector.length);
  const values = new Float64Array(n);
  values.set(vector);
  for (let round = 0; round < ROUNDS; round++) {
    flipSigns(values, SEED + round);
    transform(values);
  }
  let code = '';
  for (const value of values) code += value > 0 ? '1' : '0';
  return code;
}

/** By a xorshift generator (G. Marsaglia, Xorshift RNGs, 2003). */
function flipSigns(values: Float64Array, seed: number): void {
  let state = seed;
  for (let i = 0; i < values.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    if (state < 0) values[i] = -(values[i] ?? 0);
  }
}

/** Walsh-Hadamard in place, without its scale: only signs are wanted. */
function transform(values: Float64Array): void {
  for (let half = 1; half < values.length; half *= 2) {
    for (let block = 0; block < values.length; block += 2 * half) {
      for (let i = block; i < block + half; i++) {
        const [a, b] = [values[i] ?? 0, values[i + half] ?? 0];
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
}
