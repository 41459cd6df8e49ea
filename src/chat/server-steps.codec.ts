import { z } from 'zod';
import { type Part } from '../providers/providers.types';
import { toSteps } from './steps.codec';

const reasoningDetail = z.strictObject({ text: z.string(), format: z.string(), data: z.unknown() });

const call = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string(),
  result: z
    .strictObject({ content: z.string(), is_error: z.boolean() })
    .optional()
    .meta({ description: 'Absent for a tool the client executes' }),
});

/**
 * What an answer was made of, step by step, where tools were executed here: a message that is sent back with it tells the
 * model all of that again.
 */
export const serverSteps = z.array(
  z.strictObject({
    content: z.string(),
    reasoning_details: z.array(reasoningDetail).optional(),
    tool_calls: z.array(call),
  }),
);
export type ServerSteps = z.output<typeof serverSteps>;

/** Null for an answer without tools that were executed here. */
export function toServerSteps(parts: readonly Part[]): ServerSteps | null {
  if (!parts.some((part) => part.type === 'tool_call' && part.server)) return null;
  const results = new Map(parts.flatMap((part) => (part.type === 'tool_result' ? [[part.toolCallId, part]] : [])));
  const said = toSteps(parts).filter(({ role }) => role === 'assistant');
  return said.map(({ parts: step }) => {
    const details = toReasoningDetails(step);
    return {
      content: step.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      ...(details.length > 0 ? { reasoning_details: details } : {}),
      tool_calls: step.flatMap((part) => {
        if (part.type !== 'tool_call') return [];
        const { id, name, arguments: text } = part;
        const result = results.get(id);
        const told = result && { result: { content: result.content, is_error: result.isError ?? false } };
        return [{ id, name, arguments: text, ...told }];
      }),
    };
  });
}

/** The parts of an answer again; calls of ours that were not executed are left out. */
export const fromServerSteps = (steps: ServerSteps, handedBack: ReadonlySet<string>): Part[] =>
  steps.flatMap(({ content, reasoning_details = [], tool_calls }): Part[] => [
    ...fromReasoningDetails(reasoning_details),
    ...(content ? [{ type: 'text' as const, text: content }] : []),
    ...tool_calls.flatMap(({ id, name, arguments: text, result }): Part[] =>
      (result ?? handedBack.has(id)) ? [{ type: 'tool_call', id, name, arguments: text }] : [],
    ),
    ...tool_calls.flatMap(({ id, result }): Part[] =>
      result
        ? [
            {
              type: 'tool_result',
              toolCallId: id,
              content: result.content,
              ...(result.is_error ? { isError: true } : {}),
            },
          ]
        : [],
    ),
  ]);

type ReasoningDetail = z.output<typeof reasoningDetail>;

/** Reasoning the provider wants back, as clients send it back: `reasoning_details` of a message. */
export const toReasoningDetails = (parts: readonly Part[]): ReasoningDetail[] =>
  parts.flatMap((part) =>
    part.type === 'reasoning' && part.opaque
      ? [{ text: part.text, format: part.opaque.format, data: part.opaque.data }]
      : [],
  );

export const fromReasoningDetails = (details: readonly ReasoningDetail[]): Part[] =>
  details.map(({ text, format, data }) => ({ type: 'reasoning', text, opaque: { format, data } }));
