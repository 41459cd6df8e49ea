import { z } from 'zod';
import { generationOptions, nativeStreamOptions } from '../../chat/generation.codec';
import { collectionIds, retrievalOptions } from '../../chat/grounding.codec';

const { model, fallbacks, race, max_tokens, temperature, top_p, seed, reasoning_effort } = generationOptions;
const { user, timeout_ms, allow_truncate, on_disconnect } = generationOptions;

/** One question to collections of documents. */
export const questionBody = z
  .strictObject({
    question: z.string().trim().min(1).max(10_000).meta({ example: 'How many days of paid leave are there?' }),
    collection_ids: collectionIds.min(1),
    ...retrievalOptions,
    system: z.string().optional().meta({ description: 'Instructions, before everything else' }),
    stream: z.boolean().optional().meta({ description: "Answer as server-sent events, Parley's own" }),
    ...{ model, fallbacks, race, max_tokens, temperature, top_p, seed, reasoning_effort },
    ...{ user, timeout_ms, allow_truncate, on_disconnect },
    ...nativeStreamOptions,
  })
  .omit({ rewrite: true });
export type QuestionBody = z.output<typeof questionBody>;
