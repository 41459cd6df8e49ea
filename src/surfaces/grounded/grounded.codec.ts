import { type Answer, type ChatRequest } from '../../chat/chat.types';
import { toGeneration } from '../../chat/generation.codec';
import { toGrounding } from '../../chat/grounding.codec';
import { modelOf, toNativeUsage } from '../../chat/native.codec';
import { newId } from '../../platform/common/ids';
import { formatUsd } from '../../platform/common/money';
import { type Message } from '../../providers/providers.types';
import { type GroundedAnswerDto } from './grounded.dto';
import { type QuestionBody } from './grounded.schema';

export function toChatRequest({
  question,
  system,
  collection_ids,
  stream = false,
  ...options
}: QuestionBody): ChatRequest {
  const asked: Message = { role: 'user', parts: [{ type: 'text', text: question }] };
  const grounding = toGrounding(collection_ids, { ...options, rewrite: false }, 'filter');
  return {
    ...toGeneration(options),
    messages: system ? [{ role: 'system', parts: [{ type: 'text', text: system }] }, asked] : [asked],
    ...(grounding ? { grounding } : {}),
    stream,
  };
}

export function toGroundedAnswer(answer: Answer): GroundedAnswerDto {
  const { content, citations, notReady, provider, usage, cost } = answer;
  if (!usage) throw new Error('an answer without an end');
  const reasoning = content.reasoning();
  return {
    id: newId(),
    answer: content.text() + content.refusal(),
    citations,
    not_ready: [...(notReady ?? [])],
    model: modelOf(answer) ?? '',
    provider: provider ?? '',
    finish_reason: content.finishReason() ?? 'stop',
    ...(reasoning ? { reasoning } : {}),
    usage: toNativeUsage(usage),
    cost_usd: cost === null ? null : formatUsd(cost),
    unpriced: cost === null,
  };
}
