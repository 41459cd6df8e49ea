import { type GenerationRequest, type Part } from '../providers/providers.types';

/** What an image costs at OpenAI's `auto` detail for a middling picture; providers differ from 85 to 1,600. */
const IMAGE_TOKENS = 765;
const MESSAGE_TOKENS = 4;

/**
 * Tokens of text, from its UTF-8 bytes: four to a token. Within about a quarter for English and code, and for scripts of three bytes
 * a character (Chinese, Japanese, Hindi) a good half too few or too many. Used only where a provider told no usage.
 */
export const tokensOfBytes = (bytes: number): number => Math.ceil(bytes / 4);

/** Estimated tokens of a prompt: its texts, tool definitions, images and the framing of its messages. */
export function estimateInput({ messages, tools = [] }: GenerationRequest): number {
  let bytes = tools.length > 0 ? Buffer.byteLength(JSON.stringify(tools)) : 0;
  let rest = 0;
  for (const { parts } of messages) {
    rest += MESSAGE_TOKENS;
    for (const part of parts) {
      if (part.type === 'image') rest += IMAGE_TOKENS;
      else bytes += partBytes(part);
    }
  }
  return tokensOfBytes(bytes) + rest;
}

function partBytes(part: Exclude<Part, { type: 'image' }>): number {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return Buffer.byteLength(part.text);
    case 'tool_call':
      return part.name.length + Buffer.byteLength(part.arguments);
    case 'tool_result':
      return Buffer.byteLength(part.content);
    case 'file':
      return Math.ceil((part.data.length * 3) / 4);
    case 'opaque':
      return 0;
  }
}
