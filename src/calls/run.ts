import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ExponentialBackoff, fullJitterGenerator } from 'cockatiel';
import { logFailure } from '../platform/common/errors/exception.filter';
import { DomainError } from '../platform/common/errors/domain.error';
import { type PicoUsd, sumOf } from '../platform/common/money';
import { type ParleyYaml } from '../platform/config/parley-yaml';
import { UpstreamError, upstreamTimeout, targetResting } from '../providers/providers.errors';
import { type Plan, type ProviderKey, type ProvidersService, type Target } from '../providers/providers.service';
import { type ModelEvent } from '../providers/providers.types';
import { Attempt, RaceLost } from './attempt';
import { Bill, type BillTools } from './bill';
import { type ModelCall } from './calls.types';
import { type AttemptFailure, detailsOf, explain } from './failures';
import { type Begun, firstOf, type Lane } from './race';

export interface RunTools extends BillTools {
  providers: ProvidersService;
  timeouts: ParleyYaml['timeouts'];
  retry: ParleyYaml['retry'];
}

/** Keys of one provider tried one after the other, when each is refused. */
const MOST_KEYS = 5;
/** What a target that failed counts for in `fastest`, in milliseconds. */
const FAILED_MS = 60_000;
const logger = new Logger('Route');

/**
 * Finds an answer for one call: goes through the steps of its plan, round by round, until a target has said something or
 * nothing can help any more. At most one attempt is ever heard; every other is settled as superseded.
 */
export class Run {
  attempts = 0;
  /** What attempts that came to nothing cost. Null when one has no known price. */
  spent: PicoUsd | null = 0n;
  /** Resolves when the losers of a race have let go. */
  losers: Promise<unknown> = Promise.resolve();
  private readonly failures: AttemptFailure[] = [];
  /** Failed, but not known yet whether another one leaves after it. */
  private unsettled: Attempt[] = [];
  private readonly plan: Plan;
  private readonly bill: Bill;
  private readonly controller = new AbortController();
  private readonly deadline: number;
  private readonly timer: NodeJS.Timeout;
  private asking = '';

  constructor(
    private readonly call: ModelCall,
    private readonly tools: RunTools,
  ) {
    if (!call.plan) throw new Error('a call reached the route without a plan');
    this.plan = call.plan;
    this.bill = new Bill(call, tools);
    this.deadline = performance.now() + call.timeoutMs;
    this.timer = setTimeout(() => this.expire(), call.timeoutMs);
    if (call.signal.aborted) this.cancel();
    call.signal.addEventListener('abort', this.cancel);
  }

  /** Throws what the caller is to be told when nobody answers, or a budget has no room. */
  async answer(): Promise<Begun> {
    await this.bill.reserve();
    let queue: (readonly Target[])[] = [...this.plan.steps];
    const backoff = new ExponentialBackoff({
      generator: fullJitterGenerator,
      initialDelay: this.tools.retry.base,
      maxDelay: this.tools.retry.cap,
    });
    for (let round = 1, delay = backoff.next(); ; round++, delay = delay.next(undefined)) {
      const before = this.failures.length;
      const begun = await this.goThrough(queue);
      if (begun) return begun;
      const again = this.worthAnotherTry(this.failures.slice(before));
      const waitMs = Math.max(delay.duration, Math.min(...again.map(({ error }) => askedFor(error))));
      if (round >= this.tools.retry.attempts || again.length === 0 || performance.now() + waitMs > this.deadline) {
        throw explain(this.failures, this.targets);
      }
      await pause(waitMs, undefined, { signal: this.controller.signal }).catch(() => this.assertWanted());
      const due = again.filter(({ error }) => askedFor(error) <= waitMs).map(({ target }) => target);
      const known = [...this.plan.steps, ...this.plan.overflow.map((target) => [target])];
      queue = known.map((step) => step.filter((target) => due.includes(target))).filter((step) => step.length > 0);
    }
  }

  /** It was heard to its end. */
  succeeded(attempt: Attempt): void {
    attempt.succeeded();
    this.tools.providers.health.succeeded(attempt.target.id);
  }

  /** It failed after it had begun: nobody else may go on. */
  broke(attempt: Attempt, error: unknown): void {
    attempt.failed(error);
    if (error instanceof UpstreamError && !this.controller.signal.aborted && !attempt.heldUp) {
      this.tools.providers.health.failed(attempt.target.id, error);
    }
  }

  /** Settles what is left. */
  async end(heard: Attempt | null): Promise<void> {
    clearTimeout(this.timer);
    this.call.signal.removeEventListener('abort', this.cancel);
    const last = heard ?? this.unsettled.findLast(({ dispatched }) => dispatched);
    this.unsettled = this.unsettled.filter((attempt) => attempt !== last);
    try {
      await this.supersede();
      await last?.settle(false);
      await this.losers;
    } finally {
      this.bill.settle();
    }
  }

  private async goThrough(steps: (readonly Target[])[]): Promise<Begun | null> {
    const queue = [...steps];
    for (let step = queue.shift(); step; step = queue.shift()) {
      const before = this.failures.length;
      const begun = await this.ask(step);
      if (begun) return begun;
      const failed = this.failures.slice(before);
      const tooLong = failed.find(({ error }) => isFailure(error, 'context_length'));
      if (tooLong) this.enlarge(queue, tooLong.target);
      const fatal = failed.filter(({ error }) => this.isFatal(error));
      if (fatal.length === failed.length && fatal[0] && !(tooLong && queue.length > 0)) throw fatal[0].error;
    }
    return null;
  }

  /** Whoever is asked next has more room, as far as is known. */
  private enlarge(queue: (readonly Target[])[], { info }: Target): void {
    const asked = new Set(this.failures.map(({ target }) => target.id));
    const window = info?.contextWindow ?? 0;
    const larger = queue.filter((step) => step.some((target) => (target.info?.contextWindow ?? 0) > window));
    const overflow = this.plan.overflow.filter(({ id }) => !asked.has(id)).map((target) => [target]);
    queue.splice(0, queue.length, ...overflow, ...larger);
  }

  /** The request itself is at fault: asking another would not help, or is not wanted. */
  private isFatal(error: DomainError): boolean {
    if (!(error instanceof UpstreamError) || error.cure !== 'none') return false;
    return !(error.failure === 'content_filter' && this.plan.pastFilter);
  }

  private worthAnotherTry(failures: readonly AttemptFailure[]): AttemptFailure[] {
    return failures.filter(
      ({ error }) =>
        error instanceof UpstreamError && error.cure === 'wait' && askedFor(error) <= this.tools.retry.retry_after,
    );
  }

  /** The targets of one step at the same time. */
  private async ask(step: readonly Target[]): Promise<Begun | null> {
    const [only] = step;
    if (step.length === 1 && only) return this.tryTarget(only, []);
    const lanes = step.map((target) => {
      const lane = new AbortController();
      return { target, lane, begun: this.tryTarget(target, [lane.signal]) };
    });
    const winner = await firstOf(lanes.map(({ begun }) => begun));
    if (winner) this.losers = this.release(lanes.filter(({ target }) => target !== winner.attempt.target));
    return winner;
  }

  /** The losers of a race are aborted and billed. Never rejects: nobody may be there to hear of it. */
  private async release(losers: readonly Lane[]): Promise<void> {
    try {
      await Promise.all(
        losers.map(async ({ lane, begun }) => {
          lane.abort(new RaceLost());
          const late = await begun;
          if (late) await this.drop(late.attempt);
        }),
      );
      await this.supersede();
    } catch (error) {
      if (!this.controller.signal.aborted) logFailure(logger, error);
    }
  }

  /** Null when it did not answer. */
  private async tryTarget(target: Target, stops: readonly AbortSignal[]): Promise<Begun | null> {
    const { health } = this.tools.providers;
    const onTrial = health.state(target.id) === 'half_open';
    if (!(await health.admits(target.id))) {
      const error = targetResting(target.provider.id, target.model, health.opensAt(target.id) - Date.now());
      this.failures.push({ target, error, durationMs: 0 });
      return null;
    }
    try {
      return await this.tryKeys(target, stops);
    } finally {
      if (onTrial) health.letGo(target.id);
    }
  }

  /** With one key after another, while it is the keys that fail. */
  private async tryKeys(target: Target, stops: readonly AbortSignal[]): Promise<Begun | null> {
    const { health } = this.tools.providers;
    const tried = new Set<ProviderKey>();
    for (let key = target.provider.pick(tried); key && tried.size < MOST_KEYS; key = target.provider.pick(tried)) {
      const attempt = this.open(target, key, stops);
      try {
        const events = await attempt.begin(() => this.supersedeBehind());
        this.assertAnswered(attempt, events);
        await this.supersede();
        health.answers(target.id);
        this.tools.providers.times.add(target.id, attempt.tally.ttftMs ?? attempt.tally.latencyMs);
        return { attempt, events };
      } catch (error) {
        this.failed(attempt, error);
        tried.add(key);
        if (!(error instanceof UpstreamError) || !target.provider.rest(key, error)) return null;
      }
    }
    return null;
  }

  private open(target: Target, key: ProviderKey, stops: readonly AbortSignal[]): Attempt {
    this.assertWanted();
    this.attempts++;
    this.asking = target.provider.id;
    const { attempt: whole, first_token, idle } = this.tools.timeouts;
    const first = target.timeoutMs ?? (this.call.stream ? first_token : whole);
    const limits = { first: Math.min(first, whole), idle: this.call.stream ? idle : null, whole };
    const signals = [this.controller.signal, ...stops];
    return new Attempt(this.call, this.bill, target, key, limits, signals);
  }

  /** A content filter that stopped an answer before it said anything is a failure where the route wants to go past it. */
  private assertAnswered({ tally, target }: Attempt, events: readonly ModelEvent[]): void {
    const last = events.at(-1);
    if (!this.plan.pastFilter || tally.began || last?.type !== 'finish' || last.reason !== 'content_filter') return;
    const id = target.provider.id;
    throw new UpstreamError(id, 'content_filter', `${id} stopped the answer for its content.`);
  }

  /** Notes a failure of the target; throws what is none: the caller left, the call's time is up, a mistake of ours. */
  private failed(attempt: Attempt, error: unknown): void {
    attempt.failed(error);
    this.unsettled.push(attempt);
    const { target, tally } = attempt;
    if (error instanceof RaceLost) return;
    if (!(error instanceof DomainError) || this.controller.signal.aborted) throw error;
    this.failures.push({ target, error, durationMs: tally.latencyMs });
    if (!(error instanceof UpstreamError) || attempt.heldUp) return;
    if (error.cure !== 'none') {
      const what = `${error.failure} after ${tally.latencyMs} ms`;
      logger.warn(`${target.id} did not answer request ${this.call.requestId}: ${what}`);
    }
    this.tools.providers.health.failed(target.id, error);
    this.tools.providers.times.add(target.id, FAILED_MS);
  }

  /** Another attempt left, or answered: those before were not the answer. */
  private async supersede(): Promise<void> {
    const attempts = this.unsettled;
    this.unsettled = [];
    await Promise.all(attempts.map((attempt) => this.drop(attempt)));
  }

  /** Nobody waits for it. */
  private supersedeBehind(): void {
    this.supersede().catch((error: unknown) => logFailure(logger, error));
  }

  private async drop(attempt: Attempt): Promise<void> {
    if (attempt.tally.outcome === 'interrupted') attempt.failed(new RaceLost());
    this.spent = sumOf(this.spent, attempt.record().cost);
    await attempt.settle(true);
  }

  private get targets(): number {
    return new Set([...this.plan.steps.flat(), ...this.failures.map(({ target }) => target)]).size;
  }

  private assertWanted(): void {
    this.controller.signal.throwIfAborted();
  }

  private expire(): void {
    const error = upstreamTimeout(this.asking, this.call.timeoutMs, detailsOf(this.failures));
    this.controller.abort(error);
  }

  private readonly cancel = () => this.controller.abort(this.call.signal.reason);
}

/** What the provider asked to be left alone for, in milliseconds. */
const askedFor = ({ retryAfterSeconds }: DomainError) => (retryAfterSeconds ?? 0) * 1000;

const isFailure = (error: DomainError, failure: UpstreamError['failure']) =>
  error instanceof UpstreamError && error.failure === failure;
