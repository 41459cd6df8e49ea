import { type Message, type Part } from '../providers.types';
import { echoFormat, type ChatDialect } from './openai-dialect';
import { isObject } from './openai-wire';

type Wire = Record<string, unknown>;
type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

/**
 * The messages of a Chat Completions body. Left out is what only another provider understands; a message left with
 * nothing goes too.
 */
export function toChatMessages(messages: readonly Message[], dialect: ChatDialect, provider: string): Wire[] {
  const format = echoFormat(provider, dialect);
  // DeepSeek wants reasoning back where tools were called, and only there.
  // https://api-docs.deepseek.com/guides/thinking_mode
  const echoes = dialect.reasoningEcho === 'reasoning_details' || messages.some(callsTools);
  return messages.flatMap((message) => [
    ...only(message.parts, 'tool_result').map(toolResult),
    ...(message.role === 'assistant'
      ? assistant(message, dialect, echoes ? format : null)
      : said(message, message.parts.flatMap(contentPart), dialect)),
  ]);
}

const callsTools = ({ parts }: Message): boolean => parts.some(({ type }) => type === 'tool_call');

const only = <T extends Part['type']>(parts: readonly Part[], type: T): PartOf<T>[] =>
  parts.filter((part): part is PartOf<T> => part.type === type);

const toolResult = ({ toolCallId, content }: PartOf<'tool_result'>): Wire => ({
  role: 'tool',
  tool_call_id: toolCallId,
  content,
});

/** System and user messages. A tool message holds results only. */
function said({ role, name }: Message, content: Wire[], { joinsText }: ChatDialect): Wire[] {
  if (role === 'tool' || content.length === 0) return [];
  const texts = content.flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
  const plain = texts.length === content.length && (joinsText || texts.length === 1);
  return [{ role, content: plain ? texts.join('\n') : content, ...(name && { name }) }];
}

function contentPart(part: Part): Wire[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text }];
    case 'image':
      return [{ type: 'image_url', image_url: { url: imageUrl(part), ...(part.detail && { detail: part.detail }) } }];
    case 'file':
      return [
        {
          type: 'file',
          file: { filename: part.filename ?? fileName(part.mediaType), file_data: dataUrl(part.mediaType, part.data) },
        },
      ];
    default:
      return [];
  }
}

const dataUrl = (mediaType: string, data: string): string => `data:${mediaType};base64,${data}`;
const imageUrl = ({ url, data, mediaType }: PartOf<'image'>): string =>
  url ?? dataUrl(mediaType ?? 'image/png', data ?? '');

/** OpenAI refuses a file without a name, and goes by its ending. */
const fileName = (mediaType: string): string => `document.${mediaType.split('/')[1]?.split(/[+;]/)[0] ?? 'bin'}`;

function assistant({ parts, name }: Message, dialect: ChatDialect, format: string | null): Wire[] {
  const texts = only(parts, 'text').map(({ text }) => text);
  const refusals = only(parts, 'refusal').map(({ text }) => text);
  const calls = only(parts, 'tool_call');
  const content = dialect.refusalField ? texts : [...texts, ...refusals];
  if (content.length + refusals.length + calls.length === 0) return [];
  return [
    {
      role: 'assistant',
      content: content.length > 0 ? content.join('') : null,
      ...(dialect.refusalField && refusals.length > 0 && { refusal: refusals.join('') }),
      ...(calls.length > 0 && { tool_calls: calls.map(toolCall) }),
      ...(format && echoed(only(parts, 'reasoning'), format, dialect)),
      ...(name && { name }),
    },
  ];
}

const toolCall = ({ id, name, arguments: args }: PartOf<'tool_call'>): Wire => ({
  id,
  type: 'function',
  function: { name, arguments: args || '{}' },
});

/** Reasoning goes back only to who wrote it, in the field it came from. */
function echoed(parts: PartOf<'reasoning'>[], format: string, { reasoningEcho }: ChatDialect): Wire {
  const own = parts.filter(({ opaque }) => opaque?.format === format);
  if (own.length === 0) return {};
  if (reasoningEcho === 'reasoning_content') return { reasoning_content: own.map(({ text }) => text).join('') };
  const details = own.flatMap(({ opaque }) => (Array.isArray(opaque?.data) ? opaque.data.filter(isObject) : []));
  return details.length > 0 ? { reasoning_details: details } : {};
}
