import { type PicoUsd } from '../platform/common/money';
import { type Part, type TokenUsage } from '../providers/providers.types';
import { type ToolResult } from '../tools/tools.types';

/** Why a loop of model and tools ended. Those before `error` are found by a rule, each of them is told to the caller. */
export const STOP_REASONS = [
  'answered',
  'max_steps',
  'max_cost',
  'max_duration',
  'repeated_call',
  'budget',
  'cancelled',
  'error',
] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** How long a loop may go on. */
export interface LoopLimits {
  /** Calls of the model. */
  maxSteps: number;
  /** Of model and tools together; null for what budgets allow. */
  maxCost: PicoUsd | null;
  /** Of model and tools together, waiting for people not counted. */
  maxDurationMs: number;
}

/** A call as the model wrote it; `arguments` is JSON text. Its id is the only one of its name in a turn or run. */
export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

export const WAIT_REASONS = ['approval', 'outcome_unknown'] as const;
/** Why a call waits: it was to be approved, or the process died that executed it, and nobody knows whether it has happened. */
export type WaitReason = (typeof WAIT_REASONS)[number];

/** What one call of the model came to. */
export interface ModelStep {
  parts: Part[];
  /** Those that are executed here, as they stand in `parts`. */
  calls: ToolCall[];
  provider: string | null;
  model: string | null;
  usage: TokenUsage;
  /** Null when a model has no known price. */
  cost: PicoUsd | null;
  durationMs: number;
}

/** A step that is complete, with what its calls had for results so far. */
export interface PastStep extends Pick<ModelStep, 'parts' | 'calls' | 'usage' | 'cost'> {
  results: ReadonlyMap<string, ToolResult>;
}

/**
 * What a call may do now: be executed under a key, with arguments that may have been changed (`note` tells the model), or
 * not at all, since its result is known.
 */
export type Claim = { key: string; arguments: string; note?: string } | { result: ToolResult };

/** Where a loop keeps what it does, so that another process could go on with it. */
export interface Journal {
  /** What was done before, and the milliseconds it took. */
  readonly past: { steps: readonly PastStep[]; elapsedMs: number };
  /** Awaited before a tool of the step is executed. */
  said(step: ModelStep): Promise<void>;
  /** Calls that somebody has to decide about. Nothing of their step is executed before. */
  waiting(): readonly { call: ToolCall; reason: WaitReason }[];
  /** Awaited before each execution. */
  claim(call: ToolCall): Promise<Claim>;
  /** Awaited before the result is told to anybody. */
  done(call: ToolCall, result: ToolResult): Promise<void>;
}
