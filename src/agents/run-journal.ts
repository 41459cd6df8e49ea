import { type Answer } from '../chat/chat.types';
import { ANSWERED, AWAITED } from '../chat/native.codec';
import { type Claim, type Journal, type ModelStep, type ToolCall, type WaitReason } from '../chat/tool-loop.types';
import { refused } from '../chat/steps.codec';
import { newId } from '../platform/common/ids';
import { type PicoUsd, parseUsd, sumOf } from '../platform/common/money';
import { retryWhileAway } from '../platform/database/retry';
import { NO_USAGE, type Part, sumOfUsage, type TokenUsage } from '../providers/providers.types';
import { type Toolset } from '../tools/tools.service';
import { type ToolResult } from '../tools/tools.types';
import { type Progress, type RunStepsRepository, type Told } from './run-steps.repository';
import { toCall, toPast } from './run-steps.codec';
import { type Hold, type Run, type RunStep, type ToolCallStep } from './runs.types';

const KEPT_WITHIN_MS = 10_000;

/** What was told so far, as a generation knows it. */
export interface Telling {
  lengths: readonly number[];
  /** Of the answer: what was said, called and resulted, in the order in which it was told. */
  parts: () => Part[];
}

type Decided = Pick<
  ToolCallStep,
  'id' | 'decision' | 'decided_arguments' | 'decision_reason' | 'wait_reason' | 'revision'
>;

/** A call without a result. */
interface OpenCall extends Decided {
  call: ToolCall;
  waits: boolean;
}

/** Keeps the steps of one segment of a run. Every method throws HoldLost when another process carries the run on. */
export class RunJournal implements Journal {
  readonly past: Journal['past'];
  /** Of the whole run. */
  usage: TokenUsage = NO_USAGE;
  cost: PicoUsd | null = 0n;
  private readonly open = new Map<string, OpenCall>();
  private readonly began = performance.now();
  /** Of the run before this segment. */
  private readonly before: { usage: TokenUsage; cost: PicoUsd | null };
  /** What is stored of what was told: events, results, parts. */
  private stored = { events: 0, results: 0, parts: 0 };

  constructor(
    private readonly repository: RunStepsRepository,
    private readonly hold: Hold,
    private readonly run: Pick<Run, 'log_base' | 'elapsed_ms'>,
    steps: readonly RunStep[],
    private readonly toolset: Toolset,
    private readonly approve: Toolset,
    private readonly telling: () => Telling,
  ) {
    this.past = { steps: toPast(steps), elapsedMs: run.elapsed_ms };
    for (const step of steps) {
      this.cost = sumOf(this.cost, step.cost_usd === null ? null : parseUsd(step.cost_usd));
      if (step.kind === 'model_call') this.usage = sumOfUsage(this.usage, step.usage ?? NO_USAGE);
      else if (step.status !== 'complete') {
        this.open.set(step.call_id, { ...step, call: toCall(step), waits: step.status === 'waiting' });
      }
    }
    this.before = { usage: this.usage, cost: this.cost };
  }

  /** Of the whole run, with the last call of the model, which may have been cut short. */
  totals(answer: Answer): { usage: TokenUsage; cost: PicoUsd | null; elapsedMs: number } {
    const { elapsedMs, before } = this;
    if (answer.complete) return { usage: answer.usage ?? NO_USAGE, cost: answer.cost, elapsedMs };
    if (!answer.usage) return { usage: this.usage, cost: this.cost, elapsedMs };
    return { usage: sumOfUsage(before.usage, answer.usage), cost: sumOf(before.cost, answer.cost), elapsedMs };
  }

  get elapsedMs(): number {
    return Math.round(this.run.elapsed_ms + performance.now() - this.began);
  }

  async said(step: ModelStep): Promise<void> {
    const calls = step.calls.map(({ id: callId, ...call }) => {
      const tool = this.toolset.find(call.name);
      const waits = this.approve.find(call.name) !== null;
      return {
        ...call,
        callId,
        id: newId(),
        sideEffects: tool?.sideEffects ?? null,
        revision: tool?.revision ?? null,
        idempotent: tool?.idempotent ?? true,
        waits,
      };
    });
    for (const call of step.calls) {
      const stored = calls.find(({ callId }) => callId === call.id);
      if (!stored) throw new Error(`nobody stored the call ${call.id}`);
      const { id, waits, revision } = stored;
      this.open.set(call.id, { ...UNDECIDED, call, id, waits, revision, wait_reason: waits ? 'approval' : null });
    }
    this.usage = sumOfUsage(this.usage, step.usage);
    this.cost = sumOf(this.cost, step.cost);
    const whole = { ...step, id: newId() };
    const progress = this.progress();
    await this.kept(() => this.repository.said(this.hold, whole, 'complete', calls, progress));
    this.mark();
  }

  /** What the model said before it was cut short. */
  async cut(provider: string | null, model: string | null): Promise<void> {
    const parts = this.telling()
      .parts()
      .slice(this.stored.parts)
      .filter(({ type }) => type === 'text' || type === 'reasoning' || type === 'refusal');
    if (parts.length === 0) return;
    const step = { id: newId(), parts, provider, model, usage: NO_USAGE, cost: 0n, durationMs: 0 };
    const progress = this.progress();
    await this.kept(() => this.repository.said(this.hold, step, 'partial', [], progress));
    this.mark();
  }

  waiting(): { call: ToolCall; reason: WaitReason }[] {
    return [...this.open.values()].flatMap(({ call, waits, wait_reason }) =>
      waits ? [{ call, reason: wait_reason ?? 'approval' }] : [],
    );
  }

  async claim(call: ToolCall): Promise<Claim> {
    const { id, decision, decided_arguments, decision_reason, wait_reason, revision } = this.get(call);
    if (decision === 'reject') return { result: refused(rejection(wait_reason, decision_reason)) };
    if ((this.toolset.find(call.name)?.revision ?? revision) !== revision) return { result: refused(CHANGED) };
    await this.kept(() => this.repository.claim(this.hold, id));
    if (decided_arguments === null) return { key: id, arguments: call.arguments };
    const note = `[Executed with other arguments, which a person chose: ${decided_arguments}]\n`;
    return { key: id, arguments: decided_arguments, note };
  }

  async done(call: ToolCall, result: ToolResult): Promise<void> {
    this.cost = sumOf(this.cost, result.cost);
    await this.kept(() => this.repository.done(this.hold, this.get(call).id, result, this.cost));
    this.open.delete(call.id);
  }

  /** Where the events stand that are not stored yet. */
  told(): Told {
    const { lengths, parts } = this.telling();
    const base = this.run.log_base;
    const answered = parts().filter((part) => part.type === 'tool_result');
    const results = new Map<string, number>();
    const approvals = new Map<string, number>();
    const waiting = this.waiting();
    let [result, approval] = [this.stored.results, 0];
    for (let i = this.stored.events; i < lengths.length; i++) {
      const event = base + i + 1;
      const part = lengths[i] === ANSWERED ? answered[result++] : undefined;
      if (part) results.set(part.toolCallId, event);
      const waits = lengths[i] === AWAITED ? waiting[approval++] : undefined;
      if (waits) approvals.set(waits.call.id, event);
    }
    return { told: base + lengths.length, results, approvals };
  }

  /** Results come before what the model says next. */
  private progress(): Told & Progress {
    const told = this.told();
    const fresh = this.telling().lengths.slice(this.stored.events);
    const skipped = fresh.filter((length) => length === ANSWERED).length;
    return {
      ...told,
      firstEvent: this.run.log_base + this.stored.events + skipped + 1,
      lengths: fresh.slice(skipped),
      elapsedMs: this.elapsedMs,
      usage: this.usage,
      total: this.cost,
    };
  }

  /** A database that is away for a moment is waited for. */
  private kept(write: () => Promise<void>): Promise<void> {
    return retryWhileAway(write, KEPT_WITHIN_MS);
  }

  private mark(): void {
    const { lengths, parts } = this.telling();
    const all = parts();
    const results = all.filter(({ type }) => type === 'tool_result').length;
    this.stored = { events: lengths.length, results, parts: all.length };
  }

  private get(call: ToolCall): OpenCall {
    const open = this.open.get(call.id);
    if (!open) throw new Error(`nobody stored the call ${call.id}`);
    return open;
  }
}

const UNDECIDED = { decision: null, decided_arguments: null, decision_reason: null };

const CHANGED =
  'Not executed: the tool is another one than when the call was made. Call it again if that is still right.';

/** For the model. */
const rejection = (waited: WaitReason | null, reason: string | null): string =>
  (waited === 'outcome_unknown'
    ? 'This call may or may not have been executed: the server stopped meanwhile, and a person decided that it is not executed again.'
    : 'A person decided that this call is not executed.') + (reason ? ` Their reason: ${reason}` : '');
