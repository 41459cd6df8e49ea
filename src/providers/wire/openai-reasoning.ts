import { objectsOf, type WireDelta } from './openai-wire';

/** One of OpenRouter's `reasoning_details`. https://openrouter.ai/docs/use-cases/reasoning-tokens */
export type ReasoningDetail = Record<string, unknown>;

/** The readable reasoning of a delta. A server that fills several fields says the same in each. */
export function reasoningText(delta: WireDelta): string {
  if (typeof delta.reasoning_content === 'string' && delta.reasoning_content) return delta.reasoning_content;
  if (typeof delta.reasoning === 'string' && delta.reasoning) return delta.reasoning;
  if (!delta.reasoning_details) return '';
  return objectsOf(delta.reasoning_details)
    .map(({ text, summary }) => (typeof text === 'string' ? text : typeof summary === 'string' ? summary : ''))
    .join('');
}

/**
 * Adds what a delta brought. The pieces of one readable block (same type and index, one after the other) become that
 * block again; encrypted ones come whole.
 */
export function mergeDetails(into: ReasoningDetail[], pieces: unknown): void {
  for (const piece of objectsOf(pieces)) {
    const last = into.at(-1);
    if (last && last.type === piece.type && last.index === piece.index && READABLE.has(piece.type)) {
      for (const [name, value] of Object.entries(piece)) last[name] = joined(name, last[name], value);
    } else {
      into.push({ ...piece });
    }
  }
}

const READABLE = new Set<unknown>(['reasoning.text', 'reasoning.summary']);

const joined = (name: string, before: unknown, added: unknown): unknown =>
  (name === 'text' || name === 'summary') && typeof before === 'string' && typeof added === 'string'
    ? before + added
    : (added ?? before);
