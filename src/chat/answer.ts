import { type Rate } from '../platform/common/http/rate-headers';
import { type PicoUsd, sumOf } from '../platform/common/money';
import { Collector } from '../providers/collector.codec';
import { NO_USAGE, sumOfUsage, type TokenUsage } from '../providers/providers.types';
import { type SearchResult } from '../rag/search.types';
import { type CallRecord } from '../usage/usage.types';
import { type ChatEvent } from './event.types';
import { type CitationDto } from './native.types';
import { toCallPart, toResultPart } from './steps.codec';
import { type StopReason } from './tool-loop.types';
import { usageOf } from './usage.codec';

/** An answer as far as it has come: its parts, who gives it, and at the end what it cost. */
export class Answer {
  readonly content = new Collector();
  provider: string | null = null;
  model: string | null = null;
  attempts = 0;
  /** What is left of the tokens its caller may use; null where those are not limited. */
  tokensLeft: Rate | null = null;
  usage: TokenUsage | null = null;
  /** In the order they were told. */
  readonly citations: CitationDto[] = [];
  /** Documents that will be found later; null when none were searched. */
  notReady: SearchResult['notReady'] | null = null;
  /** Of all attempts. Null until the end, and when a model has no known price. */
  cost: PicoUsd | null = null;
  /** Why a loop of model and tools ended; null before, and when its client is to go on with it; undefined when there is none. */
  stopReason: StopReason | null | undefined;
  private spent: PicoUsd | null = 0n;
  private readonly startedAt = performance.now();
  private firstContentAt: number | null = null;

  add(event: ChatEvent): void {
    if (event.type === 'citation') {
      this.citations.push(event.citation);
      return;
    }
    if (event.type === 'approval') return;
    if (event.type === 'server_call') this.content.insertCall(toCallPart(event.call), event.place);
    else if (event.type === 'server_result') this.addResult(event);
    else this.content.add(event);
    if (event.type === 'start') {
      ({ provider: this.provider, model: this.model, attempts: this.attempts } = event);
    } else if (event.type === 'finish') {
      ({ usage: this.usage, cost: this.cost } = event);
      this.stopReason = event.stop;
    } else {
      this.firstContentAt ??= performance.now();
    }
  }

  /** What an attempt is billed: known also of an answer that was cut short. */
  settle(record: CallRecord): void {
    if (this.complete) return;
    this.spent = sumOf(this.spent, record.cost);
    if (record.superseded) return;
    this.provider ??= record.provider;
    this.model ??= record.model;
    this.cost = this.spent;
    this.usage = sumOfUsage(this.usage ?? NO_USAGE, usageOf(record));
  }

  private addResult({ call, result }: Extract<ChatEvent, { type: 'server_result' }>): void {
    this.content.push(toResultPart(call, result));
    this.spent = sumOf(this.spent, result.cost);
    this.cost = this.spent;
  }

  get complete(): boolean {
    return this.content.finishReason() !== null;
  }

  /** Whether anything at all was said. */
  get began(): boolean {
    return this.firstContentAt !== null;
  }

  /** Milliseconds since the turn began. */
  get latencyMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }

  get ttftMs(): number | null {
    return this.firstContentAt === null ? null : Math.round(this.firstContentAt - this.startedAt);
  }
}
