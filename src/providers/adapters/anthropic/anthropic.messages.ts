import { type Messages } from '@anthropic-ai/sdk/resources/messages';
import { unsupportedParameter } from '../../providers.errors';
import { type Message, type Opaque, type Part } from '../../providers.types';

/** Marks data that goes back to Anthropic as it came. */
export const FORMAT = 'anthropic';

type Block = Messages.ContentBlockParam;
type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

export interface Conversation {
  /** System and developer messages, joined in order: the API takes them apart from the turns. Empty when there are none. */
  system: string;
  messages: Messages.MessageParam[];
}

/**
 * Canonical messages as the turns of the Messages API: user and assistant alternate, tool results stand in a user
 * turn, empty texts are left out (the API refuses them). Reasoning without Anthropic's own block, and blocks of other
 * providers, have no place here and are left out too.
 * Source: https://platform.claude.com/docs/en/api/messages
 * @throws unsupported_parameter for an image or file the API can't take.
 */
export function toConversation(provider: string, messages: readonly Message[]): Conversation {
  const system: string[] = [];
  const turns: { role: 'user' | 'assistant'; content: Block[] }[] = [];
  messages.forEach((message, index) => {
    if (message.role === 'system') {
      const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
      if (text.trim()) system.push(text);
      return;
    }
    const blocks = message.role === 'assistant' ? assistantBlocks(message.parts) : userBlocks(provider, message, index);
    if (blocks.length === 0) return;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  });
  trimPrefill(turns.at(-1));
  return { system: system.join('\n\n'), messages: turns };
}

/** A final assistant turn is continued by the model; older models refuse it with blanks at its end. */
function trimPrefill(last: { role: string; content: Block[] } | undefined): void {
  const block = last?.content.at(-1);
  if (last?.role === 'assistant' && block?.type === 'text') block.text = block.text.trimEnd();
}

function userBlocks(provider: string, { parts, name, role }: Message, index: number): Block[] {
  // The wire has no participant names: they stand before what was said.
  const said = role === 'user' && name ? `${name}: ` : '';
  return parts.flatMap((part, at): Block[] => {
    const field = `messages[${index}].content[${at}]`;
    if (part.type === 'text') return textBlock(said + part.text, part.text);
    if (part.type === 'image') return [imageBlock(provider, part, field)];
    if (part.type === 'file') return [documentBlock(provider, part, field)];
    if (part.type === 'tool_result') return [resultBlock(part)];
    return [];
  });
}

const textBlock = (text: string, content = text): Block[] => (content.trim() ? [{ type: 'text', text }] : []);

const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

function imageBlock(provider: string, image: PartOf<'image'>, field: string): Block {
  if (image.url !== undefined) return { type: 'image', source: { type: 'url', url: image.url } };
  const type = IMAGES.find((known) => known === image.mediaType?.toLowerCase());
  if (!type || image.data === undefined) {
    throw unsupportedParameter(provider, field, `an image must be JPEG, PNG, GIF or WebP, not ${image.mediaType}`);
  }
  return { type: 'image', source: { type: 'base64', media_type: type, data: image.data } };
}

function documentBlock(provider: string, { data, mediaType, filename }: PartOf<'file'>, field: string): Block {
  const title = filename ? { title: filename } : {};
  const type = mediaType.toLowerCase().split(';')[0]?.trim();
  if (type === 'application/pdf') {
    return { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data }, ...title };
  }
  if (type === 'text/plain') {
    const text = Buffer.from(data, 'base64').toString('utf8');
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, ...title };
  }
  throw unsupportedParameter(provider, field, `a file must be PDF or plain text, not ${mediaType}`);
}

const resultBlock = ({ toolCallId, content, isError }: PartOf<'tool_result'>): Block => ({
  type: 'tool_result',
  tool_use_id: wireId(toolCallId),
  ...(content && { content }),
  ...(isError && { is_error: true }),
});

function assistantBlocks(parts: readonly Part[]): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') blocks.push(...textBlock(part.text));
    else if (part.type === 'tool_call') blocks.push(callBlock(part));
    else if (part.type === 'reasoning' || part.type === 'opaque') putBack(blocks, part.opaque);
  }
  return blocks;
}

const callBlock = ({ id, name, arguments: text }: PartOf<'tool_call'>): Block => ({
  type: 'tool_use',
  id: wireId(id),
  name,
  input: inputOf(text),
});

/** The API takes objects only. What a model wrote that is none is shown to it as it was. */
function inputOf(text: string): Record<string, unknown> {
  if (!text.trim()) return {};
  try {
    const input: unknown = JSON.parse(text);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { arguments: text };
}

/** Ids made by other providers may hold characters that Anthropic's pattern refuses; call and result change alike. */
const wireId = (id: string): string => id.replace(/[^\w-]/g, '_') || '_';

/**
 * Puts a block back untouched. A text block with citations takes the place of its own text, which the events told
 * before it and which may have been joined to the text of earlier blocks; when that text has been changed since, the
 * changed text stays and the citations go.
 */
function putBack(blocks: Block[], opaque: Opaque | undefined): void {
  if (opaque?.format !== FORMAT) return;
  const block = opaque.data as Block;
  if (block.type === 'text') {
    const before = blocks.at(-1);
    if (before?.type !== 'text' || before.citations || !before.text.endsWith(block.text)) return;
    blocks.pop();
    blocks.push(...textBlock(before.text.slice(0, -block.text.length)));
  }
  blocks.push(block);
}

const THINKING = new Set(['thinking', 'redacted_thinking']);
const contentOf = (turn: Messages.MessageParam | undefined): readonly { type: string }[] =>
  Array.isArray(turn?.content) ? turn.content : [];

export const holdsThinking = (messages: readonly Messages.MessageParam[]): boolean =>
  messages.some((turn) => contentOf(turn).some(({ type }) => THINKING.has(type)));

/**
 * Whether the conversation waits for tool results to be read, and the turn that asked for them doesn't begin with its
 * thinking: then a fixed thinking budget is refused.
 */
export function continuesWithoutThinking(messages: readonly Messages.MessageParam[]): boolean {
  const waits = contentOf(messages.at(-1)).some(({ type }) => type === 'tool_result');
  return waits && !THINKING.has(contentOf(messages.at(-2))[0]?.type ?? '');
}
