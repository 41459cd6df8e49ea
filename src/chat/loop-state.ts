import { createHash } from 'node:crypto';
import { newId } from '../platform/common/ids';
import { type PicoUsd, sumOf } from '../platform/common/money';
import { type Message, NO_USAGE, type Part, sumOfUsage, type TokenUsage } from '../providers/providers.types';
import { type ToolResult } from '../tools/tools.types';
import { type LoopLimits, type ModelStep, type PastStep, type ToolCall } from './tool-loop.types';

/** As often as the same call may have the same result. */
const MOST_REPEATS = 3;
const REPEATED =
  '\n[You made this very call before, and it had this very result. Make it once more and you will be stopped: use what you have, or try something else.]';

/** How far a loop has come: what the model is told next, and what its stop rules look at. */
export class LoopState {
  /** What model and tools said, as it is told to the model. */
  readonly messages: Message[] = [];
  /** Calls of the model so far. */
  steps = 0;
  usage: TokenUsage = NO_USAGE;
  /** Null when a model has no known price. */
  cost: PicoUsd | null = 0n;
  /** Whether it was told who answers. */
  started = false;
  /** Whether the model has said anything. */
  spoke = false;
  /** Whether a model's usage had to be estimated. */
  estimated = false;
  /** Whether the same call had the same result too often, though the model was told. */
  repeated = false;
  /** Calls of the last step without a result. */
  open: ToolCall[] = [];
  private readonly ids = new Set<string>();
  private readonly seen = new Map<string, Seen>();
  private readonly began = performance.now();
  /** Those of the last step. */
  private calls: readonly ToolCall[] = [];
  private readonly results = new Map<string, ToolResult>();

  /** @param before what was said before, whose calls have ids, too */
  constructor(
    readonly limits: LoopLimits,
    before: readonly Message[] = [],
    private readonly elapsedBefore = 0,
  ) {
    for (const { parts } of before) this.know(parts);
  }

  get elapsedMs(): number {
    return this.elapsedBefore + performance.now() - this.began;
  }

  /** What may still be spent; null when only budgets limit it. */
  get costLeft(): PicoUsd | null {
    const { maxCost } = this.limits;
    return maxCost === null ? null : maxCost - (this.cost ?? maxCost);
  }

  /** Some providers number the calls of every answer from nothing, or give no ids at all. */
  uniqueId(id: string): string {
    const unique = id === '' || this.ids.has(id) ? `call_${newId()}` : id;
    this.ids.add(unique);
    return unique;
  }

  /** Also of a model call that came to nothing. */
  spend(usage: TokenUsage, cost: PicoUsd | null): void {
    this.usage = sumOfUsage(this.usage, usage);
    this.cost = sumOf(this.cost, cost);
  }

  said({ parts, calls }: Pick<ModelStep, 'parts' | 'calls'>): void {
    this.steps++;
    this.know(parts);
    this.messages.push({ role: 'assistant', parts });
    this.calls = calls;
    this.results.clear();
    this.open = [...calls];
  }

  /** Returns what the model is told, which may be more than came out. */
  answered(call: ToolCall, result: ToolResult): ToolResult {
    const seen = this.seenAgain(call, result.content);
    const isNews = seen.times > 1 && seen.toldInStep === null;
    const told = isNews ? { ...result, content: result.content + REPEATED } : result;
    this.keep(call, seen, told);
    return told;
  }

  /** What was done before, by whichever process. */
  resume(steps: readonly PastStep[]): void {
    for (const step of steps) {
      this.spend(step.usage, step.cost);
      this.said(step);
      for (const call of step.calls) {
        const result = step.results.get(call.id);
        if (result) this.keep(call, this.seenAgain(call, result.content.replace(REPEATED, '')), result);
      }
    }
  }

  private know(parts: readonly Part[]): void {
    for (const part of parts) if (part.type === 'tool_call') this.ids.add(part.id);
  }

  private keep(call: ToolCall, seen: Seen, told: ToolResult): void {
    if (told.content.endsWith(REPEATED)) seen.toldInStep ??= this.steps;
    this.cost = sumOf(this.cost, told.cost);
    this.open = this.open.filter(({ id }) => id !== call.id);
    this.results.set(call.id, told);
    if (this.open.length === 0) this.messages.push({ role: 'tool', parts: this.answers() });
  }

  /** In the order of their calls, whichever came first. */
  private answers(): Part[] {
    return this.calls.flatMap(({ id }): Part[] => {
      const told = this.results.get(id);
      if (!told) return [];
      return [
        { type: 'tool_result', toolCallId: id, content: told.content, ...(told.isError ? { isError: true } : {}) },
      ];
    });
  }

  /** Counts a call with its result, the note on it left out. */
  private seenAgain({ name, arguments: text }: ToolCall, content: string): Seen {
    const what = createHash('sha256')
      .update(JSON.stringify([name, normal(text), content]))
      .digest('base64');
    const seen = this.seen.get(what) ?? { times: 0, toldInStep: null };
    this.seen.set(what, seen);
    seen.times++;
    if (seen.toldInStep !== null && seen.toldInStep < this.steps && seen.times >= MOST_REPEATS) this.repeated = true;
    return seen;
  }
}

interface Seen {
  times: number;
  /** The step in which the model was told of it. */
  toldInStep: number | null;
}

/** The same arguments, however they are spaced. */
function normal(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
