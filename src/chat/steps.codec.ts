import { formatUsd } from '../platform/common/money';
import { type Message, type Part } from '../providers/providers.types';
import { type ToolResult } from '../tools/tools.types';
import { type ToolCall } from './tool-loop.types';

type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

export const toCallPart = ({ id, name, arguments: text }: ToolCall): PartOf<'tool_call'> => ({
  type: 'tool_call',
  id,
  name,
  arguments: text,
  server: true,
});

export const toResultPart = ({ id }: ToolCall, result: ToolResult): PartOf<'tool_result'> => ({
  type: 'tool_result',
  toolCallId: id,
  content: result.content,
  ...(result.isError ? { isError: true } : {}),
  execution: {
    truncated: result.truncated,
    durationMs: result.durationMs,
    costUsd: result.cost === null ? null : formatUsd(result.cost),
  },
});

/**
 * An answer of several steps as the messages it was made of: what the model said and called, the results, what it said
 * then. The parts of one step stand together, its results after its calls.
 */
export function toSteps(parts: readonly Part[]): Message[] {
  const messages: Message[] = [];
  for (const part of parts) {
    const role = part.type === 'tool_result' ? 'tool' : 'assistant';
    const last = messages.at(-1);
    if (last?.role === role) last.parts.push(part);
    else messages.push({ role, parts: [part] });
  }
  return messages;
}

/** Told to the model, which can do something about it. */
export const refused = (content: string): ToolResult => ({
  content,
  isError: true,
  truncated: false,
  durationMs: 0,
  cost: 0n,
});
