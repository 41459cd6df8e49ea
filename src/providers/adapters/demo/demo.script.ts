import { type GenerationRequest, type Message, type Part } from '../../providers.types';
import { extract } from './demo.extract';

/** What the demo provider answers: words of text, or tool calls. */
export type DemoAnswer = { words: string[] } | { calls: DemoCall[] };

interface DemoCall {
  tool: string;
  arguments: string;
}

const LOREM =
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua'.split(
    ' ',
  );
const LOREM_WORDS = 200;
const LOREM_MAX_WORDS = 20_000;

/**
 * Decides the answer from the request alone, so that the same request always gets the same answer.
 * With tools in the request, the message `call <tool> {json}` (or a forced `tool_choice`) asks for that tool. Several such
 * lines are asked for one after the other, several in one line, with ` & ` between them, together.
 */
export function demoAnswer(model: string, request: GenerationRequest): DemoAnswer {
  const last = request.messages.at(-1);
  const calls = toolCalls(request);
  if (calls.length > 0) return { calls };
  const text = last?.role === 'tool' ? resultsOf(request) : textOf(last?.parts ?? []);
  if (request.responseFormat?.type === 'json_object') return words(JSON.stringify({ echo: text }));
  if (request.responseFormat?.type === 'json_schema')
    return words(JSON.stringify(sample(request.responseFormat.schema)));
  const extracted = model === 'extract' ? extractFrom(request) : null;
  if (extracted !== null) return words(extracted);
  return model === 'lorem' ? { words: lorem(Number(/\b(\d{1,5})\b/.exec(text)?.[1] ?? LOREM_WORDS)) } : words(text);
}

/** Without sources it repeats the last message, as `echo` does. */
const extractFrom = ({ messages }: GenerationRequest) =>
  extract(textOf(messages.findLast(({ role }) => role === 'user')?.parts ?? []));

/** Text as the pieces it is streamed in: each word with the space before it. */
const words = (text: string): DemoAnswer => ({ words: text.match(/\s*\S+|\s+$/g) ?? [] });

const lorem = (count: number) =>
  Array.from({ length: Math.min(count, LOREM_MAX_WORDS) }, (_, i) => `${i ? ' ' : ''}${LOREM[i % LOREM.length] ?? ''}`);

/** Those whose turn it is: each line has one, from the first. */
function toolCalls({ messages, tools = [], toolChoice }: GenerationRequest): DemoCall[] {
  if (tools.length === 0 || toolChoice === 'none') return [];
  const { asked, since } = question(messages);
  const steps = textOf(asked?.parts ?? [])
    .trim()
    .split(/\n+(?=call \S)/)
    .map((line) => line.split(/ & (?=call \S)/).map((call) => /^call (\S+)\s*(\{.*\})?$/s.exec(call.trim())));
  const step = steps.every((line) => line.every(Boolean)) ? steps[since.length] : [];
  const calls = (step ?? []).map((call) => ({ tool: call?.[1] ?? '', arguments: call?.[2] ?? '{}' }));
  const forced =
    typeof toolChoice === 'object' ? toolChoice.name : toolChoice === 'required' ? tools[0]?.name : undefined;
  if (calls.length === 0 && forced && since.length === 0) calls.push({ tool: forced, arguments: '{}' });
  return calls.filter(({ tool }) => tools.some(({ name }) => name === tool));
}

/** The last message of a user, and those that answered it with tool calls since. */
function question(messages: readonly Message[]): { asked: Message | undefined; since: Message[] } {
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const since = messages.slice(at + 1).filter(({ parts }) => parts.some(({ type }) => type === 'tool_call'));
  return { asked: messages[at], since };
}

/** What all tools since then said, a line each. */
const resultsOf = ({ messages }: GenerationRequest): string =>
  messages
    .slice(messages.findLastIndex(({ role }) => role === 'user') + 1)
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool_result' ? [part.content] : [])))
    .join('\n');

export function textOf(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      if (part.type === 'text') return part.text;
      if (part.type === 'tool_result') return part.content;
      return part.type === 'image' ? '[image]' : part.type === 'file' ? '[file]' : '';
    })
    .join('');
}

/** The plainest value a JSON Schema allows, for its common keywords. */
function sample(schema: Record<string, unknown>): unknown {
  const options = schema['enum'] ?? schema['anyOf'] ?? schema['oneOf'];
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if (Array.isArray(options)) return sample(options[0] as Record<string, unknown>);
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  if (type === 'object' || schema['properties']) {
    const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>;
    return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, sample(value)]));
  }
  if (type === 'array') return [];
  if (type === 'integer' || type === 'number') return typeof schema['minimum'] === 'number' ? schema['minimum'] : 0;
  if (type === 'boolean') return false;
  return type === 'null' ? null : 'demo';
}
