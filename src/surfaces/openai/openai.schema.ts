import { z } from 'zod';
import { generationOptions, streamOptions } from '../../chat/generation.codec';
import { chatMessages } from '../../chat/messages.codec';

/**
 * The body of Chat Completions: https://platform.openai.com/docs/api-reference/chat/create
 * Fields not named here are kept and passed on to a provider that speaks this wire format.
 */
export const completionBody = z.looseObject({
  messages: chatMessages,
  ...generationOptions,
  max_completion_tokens: z.int().positive().nullish(),
  n: z.int().min(1).max(128).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().optional(),
      include_obfuscation: z.boolean().optional(),
      ...streamOptions,
    })
    .nullish(),
});
export type CompletionBody = z.output<typeof completionBody>;

/** What is understood here; everything else is passed on. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set(Object.keys(completionBody.shape));
