import { z } from 'zod';

const text = z.string().min(1, { error: 'expected text that is not empty' });
const tokens = z.array(z.int().min(0)).min(1, { error: 'expected at least one token' });
/** As many as OpenAI takes in one request. */
const MOST_INPUTS = 2048;
const listOf = <T extends z.ZodType>(one: T) => z.array(one).min(1);
/** A list of tokens is one input. */
const countOf = (input: string | (string | number | number[])[]) =>
  typeof input === 'string' || typeof input[0] === 'number' ? 1 : input.length;

/**
 * The body of Embeddings: https://platform.openai.com/docs/api-reference/embeddings/create
 * Fields not named here are kept and passed on to a provider that speaks this wire format.
 */
export const embeddingsBody = z.looseObject({
  model: z.string().min(1).max(256).meta({
    description: '`provider/model`, or a bare name only one provider has',
    example: 'local/hash-384',
  }),
  input: z
    .union([text, listOf(text), tokens, listOf(tokens)], {
      error: `expected text, tokens, or a list of 1 to ${MOST_INPUTS} of either, none of them empty`,
    })
    .refine((input) => countOf(input) <= MOST_INPUTS, { error: `expected at most ${MOST_INPUTS} inputs` })
    .meta({ description: "Texts; or tokens of the model's own vocabulary, for providers that take them" }),
  encoding_format: z
    .enum(['float', 'base64'])
    .nullish()
    .meta({ description: '`base64`: the bytes of little-endian float32 numbers. The SDKs ask for that on their own' }),
  dimensions: z.int().positive().max(16_000).nullish(),
  user: z.string().max(256).nullish(),
  timeout_ms: z
    .int()
    .min(1)
    .max(24 * 3_600_000)
    .optional()
    .meta({ description: 'Bounds the whole call in milliseconds, retries included' }),
});
export type EmbeddingsBody = z.output<typeof embeddingsBody>;

/** What is understood here; everything else is passed on. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set(Object.keys(embeddingsBody.shape));
