import { openai } from './openai';
import { type Answer, type Asked } from './scripts';
import { type Wire, isJson } from './wire';

/**
 * OpenAI Embeddings: of 8 numbers, unless others are asked for, and 10 tokens each. The vectors come last one first, as
 * `index` allows. Source: https://platform.openai.com/docs/api-reference/embeddings
 */
export const embeddings: Wire = {
  ...openai,
  path: '/v1/embeddings',
  whole,
};

function whole(answer: Answer, { model, body }: Asked): unknown {
  if (!isJson(body)) return {};
  const inputs = inputsOf(body['input']);
  const base64 = body['encoding_format'] === 'base64';
  const data = inputs.map((input, index) => {
    const vector = vectorOf(JSON.stringify(input), Number(body['dimensions'] ?? 8));
    const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
    return { object: 'embedding', index, embedding: base64 ? bytes.toString('base64') : Array.from(vector) };
  });
  const tokens = 10 * inputs.length;
  const usage = answer.usage === 'none' ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } };
  return { object: 'list', data: data.reverse(), model, ...usage };
}

const inputsOf = (input: unknown): unknown[] =>
  Array.isArray(input) && typeof input[0] !== 'number' ? (input as unknown[]) : [input];

/** The same for the same input, and another for another. */
export function vectorOf(input: string, dimensions: number): Float32Array {
  let seed = 7;
  for (const unit of input) seed = (Math.imul(seed, 31) + unit.codePointAt(0)!) % 1_000_003;
  return Float32Array.from({ length: dimensions }, (_, i) => Math.sin(seed * (i + 1)));
}
