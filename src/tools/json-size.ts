/** Bytes of a value as JSON; Infinity for one that is nested so deeply that nothing can be done with it. */
export function jsonSize(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch (error) {
    if (error instanceof RangeError) return Infinity;
    throw error;
  }
}
