import { type LoopState } from './loop-state';
import { type StopReason } from './tool-loop.types';

interface StopRule {
  reason: StopReason;
  /** Looked at before every call of the model, and before the tools it called are executed. */
  stops: (state: LoopState) => boolean;
}

/** What ends a loop that would go on, the first that does. Adding one: its reason, and its line here. */
const STOP_RULES: readonly StopRule[] = [
  { reason: 'repeated_call', stops: ({ repeated }) => repeated },
  { reason: 'max_steps', stops: ({ steps, limits }) => steps >= limits.maxSteps },
  { reason: 'max_duration', stops: ({ elapsedMs, limits }) => elapsedMs >= limits.maxDurationMs },
  { reason: 'max_cost', stops: ({ costLeft }) => costLeft !== null && costLeft < 0n },
];

export const stopReason = (state: LoopState): StopReason | null =>
  STOP_RULES.find(({ stops }) => stops(state))?.reason ?? null;
