import { type CallToolResult, type ContentBlock } from '@modelcontextprotocol/sdk/types.js';

/**
 * What a model is told of the result of a tool: texts as they are, structured content as JSON unless a text says the same,
 * and of what is no text that it was there.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result
 */
export function toText({ content, structuredContent }: CallToolResult): string {
  const parts = content.map(blockText);
  const structured = structuredContent && JSON.stringify(structuredContent);
  if (structured && !parts.some((part) => compact(part) === structured)) parts.push(structured);
  return parts.join('\n');
}

function blockText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type} ${block.mimeType}, ${bytesOf(block.data)} bytes, not shown]`;
    case 'resource_link':
      return `[resource ${[block.uri, block.name, block.mimeType, block.description].filter(Boolean).join(' · ')}]`;
    case 'resource': {
      const { resource } = block;
      if ('text' in resource) return `[resource ${resource.uri}]\n${resource.text}`;
      return `[resource ${resource.uri}, ${bytesOf(resource.blob)} bytes, not shown]`;
    }
  }
}

/** Of base64. */
const bytesOf = (data: string) => Buffer.byteLength(data, 'base64');

/** JSON without what is only there to be read easily; anything else as it is. */
function compact(text: string): string {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
