import { type GenerationRequest, type Part } from '../../providers.types';
import { extract } from './demo.extract';

/** What the demo provider answers: words of text, or one tool call. */
export type DemoAnswer = { words: string[] } | { tool: string; arguments: string };

const LOREM =
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua'.split(
    ' ',
  );
const LOREM_WORDS = 200;
const LOREM_MAX_WORDS = 20_000;

/**
 * Decides the answer from the request alone, so that the same request always gets the same answer.
 * With tools in the request, the message `call <tool> {json}` (or a forced `tool_choice`) asks for that tool.
 */
export function demoAnswer(model: string, request: GenerationRequest): DemoAnswer {
  const last = request.messages.at(-1);
  const text = textOf(last?.parts ?? []);
  if (last?.role !== 'tool') {
    const call = toolCall(request, text);
    if (call) return call;
  }
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

function toolCall({ tools = [], toolChoice }: GenerationRequest, text: string): DemoAnswer | null {
  if (tools.length === 0 || toolChoice === 'none') return null;
  const asked = /^call (\S+)\s*(\{.*\})?$/s.exec(text.trim());
  const forced =
    typeof toolChoice === 'object' ? toolChoice.name : toolChoice === 'required' ? tools[0]?.name : undefined;
  const name = asked?.[1] ?? forced;
  return name && tools.some((tool) => tool.name === name) ? { tool: name, arguments: asked?.[2] ?? '{}' } : null;
}

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
