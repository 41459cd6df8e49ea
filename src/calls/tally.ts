import { priceOf, type Target } from '../providers/providers.service';
import { type CallRequest, type ModelEvent, type TokenUsage } from '../providers/providers.types';
import { type Outcome } from '../usage/usage.types';
import { estimateInput, roughInput, tokensOfBytes } from './estimate';
import { longestAnswer } from './worst-case';
import { type PicoUsd } from '../platform/common/money';

/** What a call has used so far. Filled as it runs, so that it is true even of a call cut short. */
export class Tally {
  readonly startedAt = new Date();
  outcome: Outcome = 'interrupted';
  errorCode: string | null = null;
  /** Whether the provider may bill it: it answered, or was still working when the call was given up. */
  owed = true;
  private readonly started = performance.now();
  private firstContent: number | null = null;
  private ended: number | null = null;
  private whole = false;
  private outputBytes = 0;
  private told: TokenUsage | null = null;
  private roughly: number | null = null;
  private input: number | null = null;

  /** Takes in one event of the provider. */
  add(event: ModelEvent): void {
    switch (event.type) {
      case 'start':
        return;
      case 'finish':
        this.told = event.usage && plausible(event.usage);
        this.whole = true;
        return;
      case 'tool_call':
        this.said(event.argumentsDelta);
        return;
      case 'opaque':
        this.said('');
        return;
      default:
        if (event.delta || (event.type === 'reasoning' && event.opaque)) this.said(event.delta);
    }
  }

  end(outcome: Outcome, errorCode: string | null = null): void {
    this.outcome = outcome;
    this.errorCode = errorCode;
    this.ended = performance.now();
  }

  /** The provider's own count, or an estimate from the texts; as long as there is more to come a rough one, which costs next to nothing. */
  usage(request: CallRequest, target: Target): TokenUsage {
    if (this.told) return this.told;
    const idle = { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    if (!this.owed) return { inputTokens: 0, outputTokens: 0, ...idle };
    const inputTokens =
      this.ended === null && !this.whole
        ? (this.roughly ??= roughInput(request))
        : (this.input ??= estimateInput(request, target).tokens);
    const outputTokens = Math.min(tokensOfBytes(this.outputBytes), longestAnswer(target, request) ?? Infinity);
    return { inputTokens, outputTokens, ...idle };
  }

  get estimated(): boolean {
    return this.told === null && this.owed;
  }

  /** Whether any content has come. */
  get began(): boolean {
    return this.firstContent !== null;
  }

  /** Whether it said anything or told what it used. */
  get answered(): boolean {
    return this.began || this.told !== null;
  }

  get latencyMs(): number {
    return Math.round((this.ended ?? performance.now()) - this.started);
  }

  get ttftMs(): number | null {
    return this.firstContent === null ? null : Math.round(this.firstContent - this.started);
  }

  /** Null when the model has no known price and something is owed. */
  cost(target: Target, usage: TokenUsage): PicoUsd | null {
    return this.owed ? priceOf(target, usage) : 0n;
  }

  private said(delta: string): void {
    this.firstContent ??= performance.now();
    this.outputBytes += Buffer.byteLength(delta);
  }
}

/** More than any model reads or writes, and less than a column of the ledger holds. */
const MOST_TOKENS = 1_000_000_000;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What a provider tells is not to be trusted with a bill: counts that can't be are as good as none, parts no more than their whole. */
function plausible({ inputTokens, outputTokens, media, ...parts }: TokenUsage): TokenUsage | null {
  if (!isCount(inputTokens) || !isCount(outputTokens) || Math.max(inputTokens, outputTokens) > MOST_TOKENS) return null;
  const upTo = (most: number, value: number) => (isCount(value) ? Math.min(value, most) : 0);
  const cachedInputTokens = upTo(inputTokens, parts.cachedInputTokens);
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens,
    cacheWriteTokens: upTo(inputTokens - cachedInputTokens, parts.cacheWriteTokens),
    reasoningTokens: upTo(outputTokens, parts.reasoningTokens),
    ...(media && {
      media: {
        audioInput: upTo(inputTokens, media.audioInput),
        imageInput: upTo(inputTokens, media.imageInput),
        audioOutput: upTo(outputTokens, media.audioOutput),
      },
    }),
  };
}
