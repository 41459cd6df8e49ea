import { type Message, type Part } from '../providers/providers.types';
import { type Conversation } from './conversation.entity';
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
    .map(({ role, parts }): Message => ({ role, parts: parts.filter(kept) }))
    .filter(({ parts }) => parts.some(({ type }) => type !== 'reasoning'));
  return systemPrompt ? [{ role: 'system', parts: [{ type: 'text', text: systemPrompt }] }, ...messages] : messages;
}

/** The calls of the last answer that wait for their results. */
export const openToolCalls = (history: readonly StoredMessage[]): string[] =>
  (history.at(-1)?.parts ?? []).flatMap((part) => (part.type === 'tool_call' ? [part.id] : []));
