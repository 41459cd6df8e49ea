import { z } from 'zod';
import { generationOptions, limitOptions } from '../chat/generation.codec';
import { collectionIds } from '../chat/grounding.codec';
import { chatMessages, userContent } from '../chat/messages.codec';
import { DECISIONS } from './runs.types';

const { model, fallbacks, max_tokens, temperature, reasoning_effort, user } = generationOptions;
const toolNames = z.array(z.string().min(1).max(64)).max(128);

/** What an agent is to do. What is absent is as its `agent` says, else as configured. */
export const runBody = z
  .strictObject({
    input: z.union([userContent, chatMessages], { error: 'expected text, parts, or messages' }).meta({
      description: 'What is to be done: text, parts with images, or a whole conversation',
      example: 'call calculator {"expression": "6 * 7"}',
    }),
    agent: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .meta({ description: 'A saved agent: its id or name, and `@` with a version', example: 'analyst@3' }),
    instructions: z
      .string()
      .max(100_000)
      .optional()
      .meta({ description: 'What the model is told before everything else' }),
    ...{ model, fallbacks, max_tokens, temperature, reasoning_effort, user },
    tools: toolNames.optional().meta({
      description: 'Tools it may call (GET /v1/tools); a name with `*` means all that match',
      example: ['calculator', 'current_time'],
    }),
    collection_ids: collectionIds.optional().meta({
      description: 'What documents its tools may look at; with them it has `search_documents` and `read_document`',
    }),
    approve: toolNames.optional().meta({
      description: 'Of its tools those of which every call waits for a decision; a name with `*` means all that match',
      example: ['http_get'],
    }),
    ...limitOptions,
    stream: z.boolean().optional().meta({ description: 'Answer as server-sent events' }),
    background: z.boolean().optional().meta({ description: 'Answer at once, and do it in the background' }),
  })
  .refine(({ stream, background }) => !(stream && background), {
    error: 'what is done in the background is listened to at /v1/agents/runs/{id}/stream',
    path: ['stream'],
  });
export type RunBody = z.output<typeof runBody>;

export const decisionBody = z
  .strictObject({
    call_id: z.string().min(1).max(256).optional().meta({ description: 'All that wait when absent' }),
    decision: z.enum(DECISIONS).meta({ example: 'approve' }),
    reason: z.string().max(2_000).optional().meta({ description: 'Told to the model when a call is rejected' }),
    arguments: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'With `edit`: what the call is executed with instead; the model is told', example: {} }),
  })
  .refine(({ decision, arguments: edited }) => (decision === 'edit') === (edited !== undefined), {
    error: "expected with the decision 'edit', and only there",
    path: ['arguments'],
  });
export type DecisionBody = z.output<typeof decisionBody>;
