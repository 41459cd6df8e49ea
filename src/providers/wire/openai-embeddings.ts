import { UpstreamError } from '../providers.errors';
import { type EmbeddingModelRequest, type Embeddings } from '../providers.types';
import { type ChatDialect } from './openai-dialect';
import { type ErrorContext, refusal } from './openai-errors';
import { toTokenUsage } from './openai-usage';
import { isObject, objectsOf } from './openai-wire';

/** The body of POST /embeddings. Fields without a canonical name are passed through and never override one. */
export function toEmbeddingsBody(
  { model, inputs, dimensions, endUser, passthrough }: EmbeddingModelRequest,
  { vectors }: ChatDialect,
): Record<string, unknown> {
  return {
    ...passthrough,
    model,
    input: inputs,
    ...(vectors && { encoding_format: vectors }),
    ...(dimensions !== undefined && { dimensions }),
    ...(endUser !== undefined && { user: endUser }),
  };
}

/**
 * The vectors of a whole answer, in the order of their inputs: lists of numbers, or the bytes of little-endian float32
 * in base64, whichever was asked for. Throws UpstreamErrors for anything less.
 * @param count of the inputs
 */
export function readEmbeddings(text: string, count: number, context: ErrorContext): Embeddings {
  const { provider } = context;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new UpstreamError(provider, 'server', `${provider} sent vectors that can't be read.`, { cause });
  }
  if (isObject(body) && body['error']) throw refusal(context, { status: null, told: body['error'] });
  const data = isObject(body) ? objectsOf(body['data']) : [];
  const vectors = new Array<Float32Array | null>(count).fill(null);
  data.forEach(({ index, embedding }, i) => {
    const at = typeof index === 'number' ? index : i;
    if (at in vectors) vectors[at] = toVector(embedding);
  });
  const whole = vectors.filter((vector) => vector !== null);
  if (data.length !== count || whole.length !== count || whole.some(({ length }) => length !== whole[0]?.length)) {
    throw new UpstreamError(provider, 'server', `${provider} sent other vectors than were asked for.`);
  }
  const usage = isObject(body) && isObject(body['usage']) ? toTokenUsage(body['usage']) : null;
  return { vectors: whole, usage };
}

/** Null when it is none: empty, or with something in it that is no finite number. */
function toVector(embedding: unknown): Float32Array | null {
  const vector =
    typeof embedding === 'string'
      ? fromBase64(embedding)
      : Array.isArray(embedding)
        ? Float32Array.from(embedding)
        : null;
  return vector && vector.length > 0 && vector.every(Number.isFinite) ? vector : null;
}

function fromBase64(text: string): Float32Array | null {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0) return null;
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
