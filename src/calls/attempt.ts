import { ClientGone } from '../platform/common/http/client-gone';
import { DomainError } from '../platform/common/errors/domain.error';
import { newId } from '../platform/common/ids';
import { UpstreamError, type UpstreamFailure, upstreamTimeout, upstreamTruncated } from '../providers/providers.errors';
import { type ProviderKey, type Target } from '../providers/providers.service';
import { type ModelEvent } from '../providers/providers.types';
import { type CallRecord, type LiveCall } from '../usage/usage.types';
import { type Bill } from './bill';
import { type ModelCall } from './calls.types';
import { answerOf } from './embedding';
import { Tally } from './tally';
import { type AttemptLimits, Watch } from './watch';

/** Another target of a race was first. */
export class RaceLost extends Error {
  override name = 'RaceLost';
  override message = 'another target of the race was first';
}

/**
 * One try at one target with one of its keys. It holds a lease while it runs, is aborted when it is late or no longer
 * wanted, and becomes exactly one usage row, however it ends; none if it never left.
 */
export class Attempt implements LiveCall {
  readonly id = newId();
  readonly tally = new Tally();
  /** Whether its time ran out while the provider was not waited for: the reader was slow, or our database. */
  heldUp = false;
  private readonly controller = new AbortController();
  private readonly watch: Watch;
  private events: AsyncIterator<ModelEvent> | null = null;
  /** Handed to the adapter, and on its way to the provider. */
  dispatched = false;
  private sent = false;
  private superseded = false;
  private settled = false;

  /** @param wanted ends the attempt with its reason when it is aborted */
  constructor(
    private readonly call: ModelCall,
    private readonly bill: Bill,
    readonly target: Target,
    readonly key: ProviderKey,
    limits: AttemptLimits,
    private readonly wanted: readonly AbortSignal[],
  ) {
    this.watch = new Watch(limits, (ms, waiting) => {
      this.heldUp = !waiting;
      this.controller.abort(upstreamTimeout(target.provider.id, ms));
    });
    for (const signal of wanted) {
      if (signal.aborted) this.controller.abort(signal.reason);
      signal.addEventListener('abort', this.cancel);
    }
  }

  /**
   * Sends the request. Resolves with the first events, up to the first content or the end; throws its failure.
   * @param left called when the request begins to leave
   */
  async begin(left: () => void): Promise<ModelEvent[]> {
    const { signal } = this.controller;
    await this.bill.open(this, this.target);
    signal.throwIfAborted(); // no longer wanted when the lease was written
    const onSent = () => {
      this.sent = true;
      left();
    };
    const sent = { model: this.target.model, requestId: this.call.requestId, onSent };
    this.dispatched = true;
    this.events = answerOf(this.call, this.key.adapter, sent, signal)[Symbol.asyncIterator]();
    const first: ModelEvent[] = [];
    for (;;) {
      const { value, done } = await this.pull();
      if (done) throw upstreamTruncated(this.target.provider.id);
      this.saw(value);
      first.push(value);
      if (!this.tally.began && value.type !== 'finish') continue;
      this.watch.begin();
      return first;
    }
  }

  /** The next event. `saw` must be told of it. */
  pull(): Promise<IteratorResult<ModelEvent, undefined>> {
    if (!this.events) throw new Error('an attempt that has not begun');
    this.watch.waiting();
    return this.events.next();
  }

  saw(event: ModelEvent): void {
    this.watch.heard();
    this.tally.add(event);
  }

  succeeded(): void {
    this.tally.end('success');
  }

  failed(error: unknown): void {
    const cancelled = error instanceof ClientGone || error instanceof RaceLost;
    this.dispatched &&= !isRefusedByUs(error) && (this.sent || !cancelled);
    this.tally.owed = this.tally.answered || (this.sent && !isRefusedByProvider(error));
    this.tally.end(cancelled ? 'cancelled' : 'error', error instanceof DomainError ? error.code : null);
  }

  /** Lets go of the provider and puts what it cost on the bill. @param superseded whether its call was answered by another attempt */
  async settle(superseded: boolean): Promise<void> {
    if (this.settled) return;
    this.settled = true;
    this.superseded = superseded;
    // Still open when nobody listens any more.
    if (this.tally.outcome === 'interrupted') this.tally.end('cancelled');
    this.watch.end();
    for (const signal of this.wanted) signal.removeEventListener('abort', this.cancel);
    if (this.dispatched) this.call.onSettled?.(this.record());
    this.bill.over(this, this.dispatched);
    await this.events?.return?.();
  }

  record(): CallRecord {
    const { principal, request, kind, requestId, messageId } = this.call;
    const usage = this.tally.usage(request, this.target);
    return {
      id: this.id,
      callId: this.call.id,
      superseded: this.superseded,
      at: this.tally.startedAt,
      workspaceId: principal.workspaceId,
      userId: principal.userId,
      apiKeyId: principal.apiKeyId,
      endUser: request.endUser ?? null,
      kind,
      provider: this.target.provider.id,
      model: this.target.model,
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      cachedTokens: usage.cachedInputTokens,
      cacheWriteTokens: usage.cacheWriteTokens,
      reasoningTokens: usage.reasoningTokens,
      cost: this.tally.cost(this.target, usage),
      estimated: this.tally.estimated,
      outcome: this.tally.outcome,
      errorCode: this.tally.errorCode,
      latencyMs: this.tally.latencyMs,
      ttftMs: this.tally.ttftMs,
      requestId,
      messageId,
    };
  }

  private readonly cancel = (event: Event) => this.controller.abort((event.target as AbortSignal).reason);
}

/** A request that can't be sent never left: adapters raise that before any network. */
const isRefusedByUs = (error: unknown) => error instanceof DomainError && !(error instanceof UpstreamError);

const AT_WORK: readonly UpstreamFailure[] = ['timeout', 'truncated'];
/** Nothing was generated. A timeout or a lost client is another matter: the provider was at work and will bill it. */
const isRefusedByProvider = (error: unknown) =>
  error instanceof UpstreamError && (error.unsent || !AT_WORK.includes(error.failure));
