import { z } from 'zod';
import { generationOptions, nativeStreamOptions } from '../../chat/generation.codec';
import { chatMessages, userContent } from '../../chat/messages.codec';

/** A chat that is not stored: one `message`, or all of `messages`. */
export const chatBody = z
  .strictObject({
    message: userContent
      .optional()
      .meta({ description: 'What the user says: text, or parts with images', example: 'Hello!' }),
    messages: chatMessages.optional().meta({ description: 'The whole conversation, instead of `message`' }),
    system: z.string().optional().meta({ description: 'Instructions, before everything else' }),
    ...generationOptions,
    ...nativeStreamOptions,
  })
  .refine(({ message, messages }) => (message === undefined) !== (messages === undefined), {
    error: "give either 'message' or 'messages'",
    path: ['message'],
  });
export type ChatBody = z.output<typeof chatBody>;

const MOST_OF_BATCH = 100;

/** Each request is checked by itself, so that a bad one is one error among the results. */
export const batchBody = z.strictObject({
  requests: z
    .array(z.record(z.string(), z.unknown()).meta({ description: 'A ChatRequest' }))
    .min(1)
    .max(MOST_OF_BATCH),
});
export type BatchBody = z.output<typeof batchBody>;

/** The requests of a batch that is not checked yet. One that will be refused counts as one. */
export function requestsOf(body: unknown): number {
  const requests = typeof body === 'object' && body !== null && 'requests' in body ? body.requests : null;
  return Array.isArray(requests) && requests.length <= MOST_OF_BATCH ? Math.max(1, requests.length) : 1;
}
