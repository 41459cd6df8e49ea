const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The same direction with length 1, so that a dot product is the cosine; a zero vector stays one. Throws on NaN and infinity. */
export function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (!Number.isFinite(squares)) throw new Error('an embedding has values that are no finite numbers');
  const length = Math.sqrt(squares);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** Cosine of unit vectors. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** float32, little-endian. */
export function toBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  return LITTLE_ENDIAN ? bytes : Buffer.from(bytes).swap32();
}

/** The inverse of `toBytes`. */
export function fromBytes(bytes: Buffer): Float32Array {
  const own = Buffer.from(bytes); // aligned, and not a view of what the driver reuses
  if (!LITTLE_ENDIAN) own.swap32();
  return new Float32Array(own.buffer.slice(own.byteOffset, own.byteOffset + own.byteLength));
}
