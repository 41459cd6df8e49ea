import { formatUsd } from '../platform/common/money';
import { rateHeaders } from '../platform/common/http/rate-headers';
import { type EventCodec } from '../platform/common/http/sse.service';
import { type ErrorBody } from '../platform/common/errors/problem';
import { type FinishReason, type Part, type TokenUsage } from '../providers/providers.types';
import { type Answer, type ChatEvent } from './chat.types';
import {
  type CitationDto,
  type TokenUsageDto,
  type ToolCallDto,
  type ToolOutcomeDto,
  type UnreadyDocumentDto,
} from './native.types';
import { toCallPart, toResultPart } from './steps.codec';
import { type StopReason, type ToolCall, type WaitReason } from './tool-loop.types';

export const toNativeUsage = (usage: TokenUsage): TokenUsageDto => ({
  input_tokens: usage.inputTokens,
  output_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  cached_tokens: usage.cachedInputTokens,
  reasoning_tokens: usage.reasoningTokens,
});

/** `provider/model`, as callers name it; null before anyone answered. */
export const modelOf = ({ provider, model }: Pick<Answer, 'provider' | 'model'>): string | null =>
  provider && model ? `${provider}/${model}` : null;

type PartOf<T extends Part['type']> = Extract<Part, { type: T }>;

/** The calls of an answer, with the results of those that were executed here. */
export function toNativeToolCalls(parts: readonly Part[]): ToolCallDto[] {
  const results = new Map(parts.flatMap((part) => (part.type === 'tool_result' ? [[part.toolCallId, part]] : [])));
  return parts.flatMap((part) => {
    if (part.type !== 'tool_call') return [];
    const result = results.get(part.id);
    return [{ ...toToolCall(part), ...(result ? { result: toOutcome(result) } : {}) }];
  });
}

const toToolCall = ({ id, name, arguments: text, server }: PartOf<'tool_call'>): ToolCallDto => ({
  id,
  name,
  arguments: text,
  server: server ?? false,
});

const toOutcome = ({ content, isError = false, execution }: PartOf<'tool_result'>): ToolOutcomeDto => ({
  content,
  is_error: isError,
  truncated: execution?.truncated ?? false,
  duration_ms: execution?.durationMs ?? 0,
  cost_usd: execution?.costUsd ?? null,
});

/** Names of models are free text; a header takes printable ASCII. The rest is percent-encoded, as in a URL. */
const printable = (name: string) => name.toWellFormed().replace(/[^\x20-\x7e]+/g, encodeURIComponent);

type Headed = Pick<Answer, 'provider' | 'model' | 'attempts' | 'complete' | 'cost' | 'tokensLeft'>;

/** Who answered, what it cost (which is known only at the end) and what tokens are left, as headers. */
export function answerHeaders(answer: Headed): Record<string, string> {
  const { provider, attempts, complete, cost, tokensLeft } = answer;
  const model = modelOf(answer);
  return {
    'x-parley-cache': 'off',
    ...(provider && model
      ? { 'x-parley-provider': provider, 'x-parley-model': printable(model), 'x-parley-attempts': String(attempts) }
      : {}),
    ...(complete && cost !== null ? { 'x-parley-cost-usd': formatUsd(cost) } : {}),
    ...(tokensLeft ? rateHeaders('tokens', tokensLeft) : {}),
  };
}

/** What an answer is told as: `message_id` is also where it can be asked for again, when it is stored. */
export interface Identity {
  message_id: string;
  conversation_id?: string;
  run_id?: string;
}

/** Who answers. Both null before anyone did. `model` is `provider/model`. */
export interface Answering {
  provider: string | null;
  model: string | null;
}

/** What an answer tells of the collections it is grounded in. `not_ready` names documents that will be found later. */
export interface NativeGrounding {
  citations: CitationDto[];
  not_ready: UnreadyDocumentDto[];
}

/** Null for an answer that is not grounded. */
export const toNativeGrounding = ({ citations, notReady }: Answer): NativeGrounding | null =>
  notReady && { citations, not_ready: [...notReady] };

/** What `message.end` tells. `cost_usd` is null, and `unpriced` true, when the model has no known price. */
export interface NativeEnd extends Answering {
  finish_reason: FinishReason | 'cancelled';
  usage: TokenUsageDto;
  cost_usd: string | null;
  unpriced: boolean;
  /** Of a loop of model and tools. */
  stop_reason?: StopReason | null;
  not_ready?: UnreadyDocumentDto[];
}

/** In the lengths of a stream's events: `message.start`, told before anyone had answered. */
export const NOBODY_YET = -1;
/** There: a citation. */
export const CITED = -2;
/** There: a call of a tool that is executed here. */
export const CALLED = -3;
/** There: its result. */
export const ANSWERED = -4;
/** There: a call that somebody has to decide about. */
export const AWAITED = -5;

export type DeltaType = 'message.delta' | 'reasoning.delta';

/** One event of Parley's own stream; `seq` counts from 1, and `type` is said twice. */
const frame = (seq: number, type: string, data: object): string =>
  `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

export const startFrame = (seq: number, identity: Identity, { model, provider }: Answering): string =>
  frame(seq, 'message.start', { ...identity, model, provider });

export const deltaFrame = (seq: number, type: DeltaType, text: string): string =>
  `id: ${seq}\nevent: ${type}\ndata: {"type":"${type}","text":${JSON.stringify(text)}}\n\n`;

/** A process went on where another died: what was told after the event `after` and before this one is void. */
export const resumedFrame = (seq: number, after: number): string => frame(seq, 'run.resumed', { after });

/** A call of a tool, by whomever it is executed. */
export const toolCallFrame = (seq: number, part: PartOf<'tool_call'>): string =>
  frame(seq, 'tool.call', toToolCall(part));

/** What came out of one that was executed here; `name` is its tool's. */
export const toolResultFrame = (seq: number, name: string, part: PartOf<'tool_result'>): string =>
  frame(seq, 'tool.result', { id: part.toolCallId, name, ...toOutcome(part) });

export const approvalFrame = (seq: number, { call, reason }: { call: ToolCall; reason: WaitReason }): string =>
  frame(seq, 'approval.required', { call_id: call.id, name: call.name, arguments: call.arguments, reason });

export const citationFrame = (seq: number, citation: CitationDto): string => frame(seq, 'citation', citation);

/** `end` may tell more, such as the stored message. */
export const endFrame = (seq: number, end: Omit<NativeEnd, keyof Answering> & Record<string, unknown>): string =>
  frame(seq, 'message.end', end);

export const errorFrame = (seq: number, error: ErrorBody): string => frame(seq, 'error', { error });

/** Whether it is a frame of a delta: what the model says, piece by piece. */
export const isDeltaFrame = (text: string): boolean => /^id: \d+\nevent: \w+\.delta\n/.test(text);

/** Whether it is the last frame of its stream. */
export const isLastFrame = (text: string): boolean => /^id: \d+\nevent: (message\.end|error)\n/.test(text);

/** As a frame has it. */
export type ToldResult = { id: string; name: string } & ToolOutcomeDto;

type Told =
  | { type: DeltaType; text: string }
  | ({ type: 'message.start' } & Answering)
  | ({ type: 'citation' } & CitationDto)
  | ({ type: 'tool.call' } & ToolCallDto)
  | ({ type: 'tool.result' } & ToldResult)
  | { type: 'approval.required' | 'message.end' | 'error' };

/** What a frame made here says. */
export const parseFrame = (text: string): Told => JSON.parse(text.slice(text.indexOf('\ndata: ') + 7)) as Told;

/**
 * Parley's own stream: `message.start`, deltas, citations, whole tool calls, `message.end` or `error`; each with `id`, `event`
 * and `data` whose `type` repeats the event.
 */
export class NativeCodec implements EventCodec<ChatEvent> {
  /** @param seq of the last event that was told before, of the same stream */
  constructor(
    private readonly identity: Identity,
    private readonly answer: Answer,
    private seq = 0,
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
        return event.delta && deltaFrame(++this.seq, 'message.delta', event.delta);
      case 'reasoning':
        return event.delta && deltaFrame(++this.seq, 'reasoning.delta', event.delta);
      case 'citation':
        return citationFrame(++this.seq, event.citation);
      case 'server_call':
        return toolCallFrame(++this.seq, toCallPart(event.call));
      case 'server_result':
        return toolResultFrame(++this.seq, event.call.name, toResultPart(event.call, event.result));
      case 'approval':
        return approvalFrame(++this.seq, event);
      case 'tool_call':
      case 'opaque':
        return ''; // the client's calls are told whole, at the end
      case 'finish': {
        const start = this.start(); // an answer may end before anybody gave it
        const calls = this.answer.content
          .toolCalls()
          .filter(({ server }) => !server)
          .map((call) => toolCallFrame(++this.seq, call));
        const end = {
          ...this.answering,
          finish_reason: event.reason,
          usage: toNativeUsage(event.usage),
          cost_usd: event.cost === null ? null : formatUsd(event.cost),
          unpriced: event.cost === null,
          ...(event.stop === undefined ? {} : { stop_reason: event.stop }),
          ...(this.answer.notReady ? { not_ready: [...this.answer.notReady] } : {}),
        };
        return start + calls.join('') + endFrame(++this.seq, end);
      }
    }
  }

  failure(error: ErrorBody): string {
    return errorFrame(++this.seq, error);
  }

  end(): string {
    return '';
  }

  private start(): string {
    if (this.seq > 0) return '';
    return startFrame(++this.seq, this.identity, this.answering);
  }

  private get answering(): Answering {
    return { provider: this.answer.provider, model: modelOf(this.answer) };
  }
}
