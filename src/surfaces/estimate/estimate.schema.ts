import { z } from 'zod';
import { chatBody } from '../../chat/chat-body.codec';

/** A body of `POST /v1/chat`, or as much of `POST /v1/chat/completions` as says what is asked of the model. */
export const estimateBody = chatBody.safeExtend({
  max_completion_tokens: z.int().positive().nullish(),
  n: z.int().min(1).max(128).nullish(),
  stream: z.boolean().nullish(),
});
export type EstimateBody = z.output<typeof estimateBody>;
