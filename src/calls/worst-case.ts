import { type PicoUsd, sumOf } from '../platform/common/money';
import { mostPriceOf, type Plan, type Target } from '../providers/providers.service';
import { type CallRequest } from '../providers/providers.types';
import { isEmbedding } from './embedding';
import { estimateInput, type TokenEstimate } from './estimate';

/** The longest answer expected of a model of which nobody has told how long its answers get. */
const DEFAULT_MAX_OUTPUT = 32_768;

export interface TargetWorstCase {
  target: Target;
  input: TokenEstimate;
  /** Of all answers asked for (`n`). */
  maxOutput: number;
  /** Null when the model has no known price. */
  cost: PicoUsd | null;
}

/** What a call can use at most, in input and output together. `cost` is null when a model it may come to has no known price. */
export interface WorstCase {
  cost: PicoUsd | null;
  tokens: number;
  perTarget: TargetWorstCase[];
}

/**
 * The most a call can cost: all of its input bound at the dearest rate that could apply, and the longest answer. Targets
 * that are asked together cost their sum; of those asked one after the other the dearest counts, since who fails before
 * saying anything is rarely billed.
 * @param maxTokens the limit of the answer that will be sent
 */
export function worstCase(plan: Plan, request: CallRequest, maxTokens = limitOf(request)): WorstCase {
  const steps = [...plan.steps, ...plan.overflow.map((target) => [target])].map((step) =>
    step.map((target) => worstOf(target, request, maxTokens)),
  );
  const sums = steps.map((step) => ({
    cost: step.reduce<PicoUsd | null>((sum, { cost }) => sumOf(sum, cost), 0n),
    tokens: step.reduce((sum, { input, maxOutput }) => sum + input.upper + maxOutput, 0),
  }));
  return {
    cost: sums.reduce<PicoUsd | null>(
      (most, { cost }) => (most === null || cost === null ? null : max(most, cost)),
      0n,
    ),
    tokens: Math.max(...sums.map(({ tokens }) => tokens)),
    perTarget: steps.flat(),
  };
}

/** Of its answer, as the caller set it. */
export const limitOf = (request: CallRequest) => (isEmbedding(request) ? undefined : request.maxTokens);

/** The limit of an answer under a budget where the caller names none: `most`, or less where a model can't write so much. */
export const defaultMaxTokens = ({ steps, overflow }: Plan, most: number): number =>
  Math.min(most, ...[...steps.flat(), ...overflow].map(({ info }) => info?.maxOutputTokens ?? most));

function worstOf(target: Target, request: CallRequest, maxTokens: number | undefined): TargetWorstCase {
  const input = estimateInput(request, target);
  const maxOutput = longestAnswer(target, request, maxTokens) ?? answersOf(request) * DEFAULT_MAX_OUTPUT;
  return { target, input, maxOutput, cost: mostPriceOf(target, input.upper, maxOutput) };
}

const answersOf = (request: CallRequest) => (isEmbedding(request) ? 0 : (request.n ?? 1));

/** What the target may write at most in answer to the request, all its answers together; null when nobody says. */
export function longestAnswer(target: Target, request: CallRequest, maxTokens = limitOf(request)): number | null {
  if (isEmbedding(request)) return 0;
  const { reasoningEffort } = request;
  const asked = { ...(reasoningEffort && { reasoningEffort }), ...(maxTokens && { maxTokens }) };
  const longest =
    target.provider.adapter.mostOutput?.(asked, target.model) ?? maxTokens ?? target.info?.maxOutputTokens ?? null;
  return longest === null ? null : answersOf(request) * longest;
}

const max = (a: bigint, b: bigint) => (a > b ? a : b);
