import { toGeneration } from '../../chat/generation.codec';
import { toMessages } from '../../chat/messages.codec';
import { type Answer, type ChatRequest } from '../../chat/chat.types';
import { modelOf, toNativeGrounding } from '../../chat/native.codec';
import { toReasoningDetails, toServerSteps } from '../../chat/server-steps.codec';
import { validationFailed } from '../../platform/common/errors/validation';
import { newId } from '../../platform/common/ids';
import { unsupportedParameter } from '../../providers/providers.errors';
import { type TokenUsage } from '../../providers/providers.types';
import { type ChatCompletionDto, type CompletionUsageDto } from './openai.dto';
import { type CompletionBody, KNOWN_FIELDS } from './openai.schema';

/** The wire's body to the canonical request. */
export function toChatRequest(body: CompletionBody): ChatRequest {
  const { max_tokens, max_completion_tokens, n } = body;
  if (max_tokens && max_completion_tokens && max_tokens !== max_completion_tokens) {
    const field = 'max_completion_tokens';
    throw validationFailed([{ field, message: `${field}: give either this or max_tokens` }]);
  }
  const maxTokens = max_completion_tokens ?? max_tokens;
  const passthrough = Object.fromEntries(
    Object.entries(body).filter(([field, value]) => !KNOWN_FIELDS.has(field) && value !== null && value !== undefined),
  );
  if ('audio' in passthrough) throw unsupportedParameter('Parley', 'audio', 'answers are text');
  return {
    ...toGeneration(body),
    messages: toMessages(body.messages),
    stream: body.stream ?? false,
    ...(maxTokens ? { maxTokens } : {}),
    ...(n ? { n } : {}),
    ...(Object.keys(passthrough).length > 0 ? { passthrough } : {}),
  };
}

export const newCompletionId = () => `chatcmpl-${newId()}`;

/** A whole answer as the wire has it. */
export function toCompletion(answer: Answer): ChatCompletionDto {
  const { content, usage } = answer;
  return {
    id: newCompletionId(),
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: modelOf(answer) ?? '',
    choices: Array.from({ length: content.count }, (_, index) => ({
      index,
      message: toMessage(answer, index),
      logprobs: mergeLogprobs(content.logprobs(index)),
      finish_reason: content.finishReason(index) ?? 'stop',
    })),
    usage: usage && toUsage(usage),
  };
}

export function toUsage(usage: TokenUsage): CompletionUsageDto {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

function toMessage(answer: Answer, choice: number): ChatCompletionDto['choices'][number]['message'] {
  const { content } = answer;
  const parts = content.parts(choice);
  const calls = parts.filter((part) => part.type === 'tool_call').filter(({ server }) => !server);
  const steps = toServerSteps(parts);
  const reasoning = content.reasoning(choice);
  const details = toReasoningDetails(parts);
  const refusal = content.refusal(choice);
  const text = content.text(choice);
  return {
    role: 'assistant',
    content: text || (calls.length > 0 || refusal ? null : ''),
    refusal: refusal || null,
    ...toNativeGrounding(answer),
    ...(answer.stopReason === undefined ? {} : { stop_reason: answer.stopReason }),
    ...(steps ? { server_steps: steps } : {}),
    ...(reasoning ? { reasoning_content: reasoning } : {}),
    ...(details.length > 0 ? { reasoning_details: details } : {}),
    ...(calls.length > 0
      ? {
          tool_calls: calls.map(({ id, name, arguments: text }) => ({
            id,
            type: 'function' as const,
            function: { name, arguments: text },
          })),
        }
      : {}),
  };
}

/** Streams carry them in pieces of the shape the whole has. */
function mergeLogprobs(pieces: readonly unknown[]): Record<string, unknown> | null {
  const [first, ...rest] = pieces as { content?: unknown[]; refusal?: unknown[] }[];
  if (!first) return null;
  const list = (key: 'content' | 'refusal') =>
    rest.reduce<unknown[] | null>((all, one) => concat(all, one[key]), first[key] ?? null);
  return { content: list('content'), refusal: list('refusal') };
}

const concat = (a: unknown[] | null, b: unknown[] | null | undefined) => (b ? [...(a ?? []), ...b] : a);
