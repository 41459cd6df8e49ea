import { toNativeToolCalls, toNativeUsage } from '../chat/native.codec';
import { formatUsd, parseUsd } from '../platform/common/money';
import { type Part } from '../providers/providers.types';
import { type Conversation } from './conversation.entity';
import { type ConversationDto, type MessageDto } from './conversations.dto';
import { type StoredMessage } from './message.entity';

export const toConversation = (conversation: Conversation): ConversationDto => ({
  id: conversation.id,
  title: conversation.title,
  model: conversation.model,
  system_prompt: conversation.systemPrompt,
  collection_ids: conversation.collectionIds,
  tools: conversation.tools,
  metadata: conversation.metadata,
  created_at: conversation.createdAt.toISOString(),
  updated_at: conversation.updatedAt.toISOString(),
});

export function toMessage(message: StoredMessage): MessageDto {
  const { parts, usage, costUsd, error } = message;
  const reasoning = parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
  return {
    id: message.id,
    parent_id: message.parentId,
    role: message.role,
    content: message.role === 'assistant' ? toText(parts) : toContent(parts),
    status: message.status,
    model: message.model,
    provider: message.provider,
    finish_reason: message.finishReason,
    ...(reasoning ? { reasoning } : {}),
    usage: usage && toNativeUsage(usage),
    cost_usd: costUsd === null ? null : formatUsd(parseUsd(costUsd)),
    latency_ms: message.latencyMs,
    citations: message.citations,
    ...(message.notReady ? { not_ready: message.notReady } : {}),
    tool_calls: toNativeToolCalls(parts),
    ...(message.stopReason ? { stop_reason: message.stopReason } : {}),
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
    created_at: message.createdAt.toISOString(),
  };
}

/** Text where text says it all, else parts in the form they are sent in. */
function toContent(parts: readonly Part[]): MessageDto['content'] {
  const textOnly = parts.every(({ type }) => type !== 'image' && type !== 'file' && type !== 'tool_result');
  return textOnly ? toText(parts) : parts.map(toWirePart);
}

const toText = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('');

function toWirePart(part: Part): Record<string, unknown> {
  switch (part.type) {
    case 'image': {
      const url = part.url ?? `data:${part.mediaType};base64,${part.data}`;
      return { type: 'image_url', image_url: { url, ...(part.detail ? { detail: part.detail } : {}) } };
    }
    case 'file': {
      const file_data = `data:${part.mediaType};base64,${part.data}`;
      return { type: 'file', file: { file_data, ...(part.filename ? { filename: part.filename } : {}) } };
    }
    case 'tool_result':
      return {
        type: 'tool_result',
        tool_call_id: part.toolCallId,
        content: part.content,
        ...(part.isError ? { is_error: true } : {}),
      };
    default:
      return { ...part };
  }
}
