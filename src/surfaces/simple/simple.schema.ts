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

/** Each request is checked by itself, so that a bad one is one error among the results. */
export const batchBody = z.strictObject({
  requests: z
    .array(z.record(z.string(), z.unknown()).meta({ description: 'A ChatRequest' }))
    .min(1)
    .max(100),
});
export type BatchBody = z.output<typeof batchBody>;
