import { toParts } from '../chat/messages.codec';
import { toSteps } from '../chat/steps.codec';
import { validationFailed } from '../platform/common/errors/validation';
import { type Message, type Part } from '../providers/providers.types';
import { type Conversation } from './conversation.entity';
import { type TurnBody } from './conversations.schema';
import { type StoredMessage } from './message.entity';
import { type Question } from './turns.repository';

/**
 * What the model is told: the system prompt, everything said so far (also what was cut short), the question. Tool
 * calls nobody answered are left out, since providers refuse a history that has them; so are answers without content.
 */
export function toPrompt(
  { systemPrompt }: Conversation,
  history: readonly StoredMessage[],
  question: Question,
): Message[] {
  const spoken = [...history, question];
  const answered = new Set(
    spoken.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool_result' ? [part.toolCallId] : []))),
  );
  const kept = (part: Part) => part.type !== 'tool_call' || answered.has(part.id);
  const messages = spoken
    .flatMap(({ role, parts }): Message[] =>
      role === 'assistant' ? toSteps(parts.filter(kept)) : [{ role, parts: parts.filter(kept) }],
    )
    .filter(({ parts }) => parts.some(({ type }) => type !== 'reasoning'));
  return systemPrompt ? [{ role: 'system', parts: [{ type: 'text', text: systemPrompt }] }, ...messages] : messages;
}

/** What a turn says. Throws for results of tools the last answer did not call. */
export function toQuestion({ content, tool_results = [] }: TurnBody, history: readonly StoredMessage[]): Question {
  if (content !== undefined) return { role: 'user', parts: toParts(content) };
  const open = openToolCalls(history);
  const strays = tool_results.flatMap(({ tool_call_id }, i) =>
    open.includes(tool_call_id)
      ? []
      : [{ field: `tool_results[${i}].tool_call_id`, message: `The last answer has no tool call '${tool_call_id}'.` }],
  );
  if (strays.length > 0) throw validationFailed(strays);
  return {
    role: 'tool',
    parts: tool_results.map(({ tool_call_id, content: text, is_error }) => ({
      type: 'tool_result',
      toolCallId: tool_call_id,
      content: text,
      ...(is_error ? { isError: true } : {}),
    })),
  };
}

/** The calls of the last answer that wait for their results. */
export const openToolCalls = (history: readonly StoredMessage[]): string[] =>
  (history.at(-1)?.parts ?? []).flatMap((part) => (part.type === 'tool_call' && !part.server ? [part.id] : []));
