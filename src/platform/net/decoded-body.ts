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

/** What comes, until it is more than `most` bytes: then it fails. */
export async function* atMost(
  most: number,
  bytes: AsyncIterable<Uint8Array>,
  tooLarge: () => Error,
): AsyncGenerator<Buffer> {
  let seen = 0;
  for await (const chunk of bytes) {
    seen += chunk.length;
    if (seen > most) throw tooLarge();
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  }
}
