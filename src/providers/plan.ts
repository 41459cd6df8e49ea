import { type PicoUsd } from '../platform/common/money';
import { type ModelInfo } from './catalogue';
import { costOf, mostCostOf } from './pricing';
import { type Provider } from './provider';
import { type TokenUsage } from './providers.types';

/** One model at one provider, ready to be called. */
export interface Target {
  /** `provider/model`. */
  id: string;
  provider: Provider;
  /** The provider's own name of the model. */
  model: string;
  /** Null when the catalogue doesn't know the model: nothing is checked, and its cost is unknown. */
  info: ModelInfo | null;
  /** Until the first content of a stream, or a whole plain answer, in milliseconds; null for the configured one. */
  timeoutMs: number | null;
}

/** Whom to ask, in which order. */
export interface Plan {
  /** Each step is asked when the one before has failed; the targets of one step at the same time, and the first to say something wins. */
  steps: readonly (readonly Target[])[];
  /** Asked one after the other when the prompt was too long for a target of the steps. */
  overflow: readonly Target[];
  /** Whether a target that stopped for its content filter, before it said anything, is a reason to ask the next. */
  pastFilter: boolean;
}

/** Null when the model's price is not known. */
export const priceOf = ({ info }: Target, usage: TokenUsage): PicoUsd | null =>
  info?.price ? costOf(info.price, usage) : null;

/** What a call of at most so many tokens can't exceed; null when the model's price is not known. */
export const mostPriceOf = ({ info }: Target, mostInput: number, mostOutput: number): PicoUsd | null =>
  info?.price ? mostCostOf(info.price, mostInput, mostOutput) : null;

/** Without targets that were named before; steps that are left empty are left out. */
export function withoutRepeats(steps: readonly (readonly Target[])[]): Target[][] {
  const seen = new Set<string>();
  const isNew = ({ id }: Target) => !seen.has(id) && Boolean(seen.add(id));
  return steps.map((step) => step.filter(isNew)).filter((step) => step.length > 0);
}
