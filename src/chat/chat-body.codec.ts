import { z } from 'zod';
import { type Message } from '../providers/providers.types';
import { type ChatRequest } from './chat.types';
import { generationOptions, nativeStreamOptions, toGeneration } from './generation.codec';
import { chatMessages, toMessages, toParts, userContent } from './messages.codec';

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

export function toChatRequest({ message, messages, system, ...options }: ChatBody, stream: boolean): ChatRequest {
  const said: Message[] =
    message === undefined ? toMessages(messages ?? []) : [{ role: 'user', parts: toParts(message) }];
  return {
    ...toGeneration(options),
    messages: system ? [{ role: 'system', parts: [{ type: 'text', text: system }] }, ...said] : said,
    stream,
  };
}
