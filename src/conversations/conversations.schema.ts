import { z } from 'zod';
import { generationOptions, nativeStreamOptions } from '../chat/generation.codec';
import { userContent } from '../chat/messages.codec';

/** The next message of a conversation: what the user says, or the results of the tools the last answer called. */
export const turnBody = z
  .strictObject({
    content: userContent
      .optional()
      .meta({ description: 'What the user says: text, or parts with images', example: 'Hello!' }),
    tool_results: z
      .array(z.strictObject({ tool_call_id: z.string().min(1), content: z.string(), is_error: z.boolean().optional() }))
      .min(1)
      .optional()
      .meta({ description: 'Results of the tools the last answer called, instead of `content`' }),
    ...generationOptions,
    ...nativeStreamOptions,
  })
  .refine(({ content, tool_results }) => (content === undefined) !== (tool_results === undefined), {
    error: "give either 'content' or 'tool_results'",
    path: ['content'],
  });
export type TurnBody = z.output<typeof turnBody>;
