import { type Embedded } from '../../calls/calls.types';
import { unsupportedParameter } from '../../providers/providers.errors';
import { type EmbeddingInput, type EmbeddingRequest } from '../../providers/providers.types';
import { type EmbeddingsDto } from './embeddings.dto';
import { type EmbeddingsBody, KNOWN_FIELDS } from './embeddings.schema';

/** The wire's body to the canonical request. */
export function toEmbeddingRequest(body: EmbeddingsBody): EmbeddingRequest {
  const several = ['fallbacks', 'race'].find((field) => field in body);
  if (several) {
    throw unsupportedParameter('POST /v1/embeddings', several, "vectors of several models can't be compared");
  }
  const passthrough = Object.fromEntries(
    Object.entries(body).filter(([field, value]) => !KNOWN_FIELDS.has(field) && value !== null && value !== undefined),
  );
  return {
    inputs: toInputs(body.input),
    ...(body.dimensions ? { dimensions: body.dimensions } : {}),
    ...(body.user ? { endUser: body.user } : {}),
    ...(Object.keys(passthrough).length > 0 ? { passthrough } : {}),
  };
}

function toInputs(input: EmbeddingsBody['input']): EmbeddingInput[] {
  if (typeof input === 'string') return [input];
  return typeof input[0] === 'number' ? [input as number[]] : (input as EmbeddingInput[]);
}

/** A whole answer as the wire has it. */
export function toEmbeddings({ vectors, provider, model, tokens }: Embedded, base64: boolean): EmbeddingsDto {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: base64 ? toBase64(vector) : Array.from(vector),
    })),
    model: `${provider}/${model}`,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function toBase64(vector: Float32Array): string {
  const bytes = Buffer.allocUnsafe(4 * vector.length);
  vector.forEach((value, i) => bytes.writeFloatLE(value, 4 * i));
  return bytes.toString('base64');
}
