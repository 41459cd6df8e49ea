import { TextDecoder } from 'node:util';

/** Of a `content-type` header (RFC 9110, 8.3), in lower case. Empty for what it does not say. */
export function contentTypeOf(header: string | undefined): { mediaType: string; charset: string | null } {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => /^\s*charset="?([\w-]+)"?\s*$/.exec(one)?.[1]).find(Boolean) ?? null;
  return { mediaType: type.trim(), charset };
}

/** Null for an encoding that nobody knows. @param charset a label of the Encoding Standard */
export function decoderOf(charset: string): TextDecoder | null {
  try {
    return new TextDecoder(charset);
  } catch {
    return null; // that is how `TextDecoder` tells
  }
}
