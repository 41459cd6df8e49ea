import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** What `decodedBody` understands, for `accept-encoding`. */
export const ACCEPTED_ENCODINGS = 'gzip, br, deflate';

/** The body without its content encoding (RFC 9110, 8.4). It may be much larger: count what comes out. Null for one nobody asked for. */
export function decodedBody(body: Readable, encoding: string | undefined): Readable | null {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  const decoder = DECODERS[name]?.();
  if (!decoder) return null;
  // Errors of either end both, and are heard by whoever reads.
  return pipeline(body, decoder, () => undefined);
}
