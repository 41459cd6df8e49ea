import { formatUsd } from '../platform/common/money';
import { type EventCodec } from '../platform/common/http/sse';
import { type ErrorBody } from '../platform/common/errors/problem';
import { type FinishReason, type TokenUsage } from '../providers/providers.types';
import { type Answer, type ChatEvent } from './chat.types';
import { type TokenUsageDto, type ToolCallDto } from './native.types';

export const toNativeUsage = (usage: TokenUsage): TokenUsageDto => ({
  input_tokens: usage.inputTokens,
  output_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  cached_tokens: usage.cachedInputTokens,
  reasoning_tokens: usage.reasoningTokens,
});

/** `provider/model`, as callers name it; null before anyone answered. */
export const modelOf = ({ provider, model }: Answer): string | null =>
  provider && model ? `${provider}/${model}` : null;

export const toNativeToolCalls = ({ content }: Answer): ToolCallDto[] =>
  content.toolCalls().map(({ id, name, arguments: text }) => ({ id, name, arguments: text }));

/** Names of models are free text; a header takes printable ASCII. The rest is percent-encoded, as in a URL. */
const printable = (name: string) => name.toWellFormed().replace(/[^\x20-\x7e]+/g, encodeURIComponent);

/** Who answered and what it cost, as headers of a plain answer; the cost is known only at the end. */
export function answerHeaders(answer: Answer): Record<string, string> {
  const { provider, attempts, complete, cost } = answer;
  const model = modelOf(answer);
  return {
    'x-parley-cache': 'off',
    ...(provider && model
      ? { 'x-parley-provider': provider, 'x-parley-model': printable(model), 'x-parley-attempts': String(attempts) }
      : {}),
    ...(complete && cost !== null ? { 'x-parley-cost-usd': formatUsd(cost) } : {}),
  };
}

/** What `message.end` tells. `cost_usd` is null, and `unpriced` true, when the model has no known price. */
export interface NativeEnd {
  finish_reason: FinishReason;
  usage: TokenUsageDto;
  cost_usd: string | null;
  unpriced: boolean;
}

/**
 * Parley's own stream: `message.start`, deltas, whole tool calls, `message.end` or `error`; each with `id`, `event`
 * and `data` whose `type` repeats the event.
 */
export class NativeCodec implements EventCodec<ChatEvent> {
  private seq = 0;
  private started = false;

  /** @param ending what else `message.end` says, asked for when it is said */
  constructor(
    private readonly identity: { message_id: string; conversation_id?: string },
    private readonly answer: Answer,
    private readonly ending: () => Record<string, unknown> = () => ({}),
  ) {}

  begins({ type }: ChatEvent): boolean {
    return type !== 'start';
  }

  headers(): Record<string, string> {
    return answerHeaders(this.answer);
  }

  early(): string {
    return this.start();
  }

  frame(event: ChatEvent): string {
    switch (event.type) {
      case 'start':
        return this.start();
      case 'text':
      case 'refusal':
        return event.delta && this.event('message.delta', { text: event.delta });
      case 'reasoning':
        return event.delta && this.event('reasoning.delta', { text: event.delta });
      case 'tool_call':
      case 'opaque':
        return ''; // tool calls are told whole, at the end
      case 'finish': {
        const calls = toNativeToolCalls(this.answer).map((call) => this.event('tool.call', { ...call }));
        const end: NativeEnd = {
          finish_reason: event.reason,
          usage: toNativeUsage(event.usage),
          cost_usd: event.cost === null ? null : formatUsd(event.cost),
          unpriced: event.cost === null,
        };
        const { provider } = this.answer;
        const told = { provider, model: modelOf(this.answer), ...end, ...this.ending() };
        return calls.join('') + this.event('message.end', told);
      }
    }
  }

  failure(error: ErrorBody): string {
    return this.event('error', { error });
  }

  end(): string {
    return '';
  }

  private start(): string {
    if (this.started) return '';
    this.started = true;
    return this.event('message.start', {
      ...this.identity,
      model: modelOf(this.answer),
      provider: this.answer.provider,
    });
  }

  private event(type: string, data: object): string {
    return `id: ${++this.seq}\nevent: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  }
}
