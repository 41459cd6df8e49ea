import { unsupportedParameter } from '../../providers.errors';
import { type GenerationRequest, type ReasoningEffort } from '../../providers.types';
import { type ClaudeModel } from './anthropic.models';

type Asked = Exclude<ReasoningEffort, 'none'>;

/**
 * Thinking tokens of the models that take a number. The API demands at least 1024; beyond 32k it advises batches.
 * Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
 */
const BUDGETS: Record<Asked, number> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_000,
  max: 32_000,
};
const LEAST_BUDGET = 1024;

/** The fields of a body that say how a model thinks, and how many tokens it may write. */
export interface Thinking {
  max_tokens: number;
  thinking?:
    | { type: 'enabled'; budget_tokens: number }
    | { type: 'adaptive'; display?: 'summarized' }
    | { type: 'disabled' | 'between_tools' };
  effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max';
}

/** Whether these fields make the model think; models that think unasked do so unless told otherwise. */
export const thinks = ({ thinking }: Thinking, { quiet }: ClaudeModel): boolean =>
  thinking ? thinking.type === 'enabled' || thinking.type === 'adaptive' : quiet !== 'omit';

/**
 * A fixed budget is added to `max_tokens`, up to the model's own limit, so that the caller's number stays what the
 * answer may have; under adaptive thinking it holds for both, as it does at OpenAI.
 * @param resumesBare the conversation is inside a tool turn whose thinking is gone: a fixed budget would be refused, so
 *   this call goes without.
 * @throws unsupported_parameter for an effort the model doesn't know.
 */
export function toThinking(
  provider: string,
  { reasoningEffort, maxTokens }: GenerationRequest,
  model: ClaudeModel,
  resumesBare: boolean,
): Thinking {
  const max_tokens = maxTokens ?? model.defaultMaxTokens;
  if (reasoningEffort === undefined) return { max_tokens };
  if (reasoningEffort === 'none') return { max_tokens, ...quietly(provider, model) };
  if (model.thinking === 'none') throw unsupportedParameter(provider, 'reasoning_effort', 'this model does not think');
  if (model.thinking === 'adaptive') {
    // Models that know `xhigh` leave their thoughts out unless a summary is asked for.
    const display = model.xhigh ? ({ display: 'summarized' } as const) : {};
    return { max_tokens, thinking: { type: 'adaptive', ...display }, effort: effortOf(reasoningEffort, model) };
  }
  if (resumesBare) return { max_tokens };
  const budget = BUDGETS[reasoningEffort];
  const most = mostOutput({ reasoningEffort, maxTokens }, model);
  if (most === max_tokens + budget) return { max_tokens: most, thinking: { type: 'enabled', budget_tokens: budget } };
  return { max_tokens: most, thinking: { type: 'enabled', budget_tokens: Math.min(budget, most - LEAST_BUDGET) } };
}

/** What `max_tokens` will be at most, thinking included. */
export function mostOutput(
  { reasoningEffort = 'none', maxTokens }: Pick<GenerationRequest, 'reasoningEffort' | 'maxTokens'>,
  model: ClaudeModel,
): number {
  const answer = maxTokens ?? model.defaultMaxTokens;
  if (reasoningEffort === 'none' || model.thinking !== 'budget') return answer;
  return Math.min(answer + BUDGETS[reasoningEffort], Math.max(answer, model.maxOutput));
}

/** How a model is kept from thinking; nothing to say to one that thinks only when asked. */
export function quietly(provider: string, { quiet }: ClaudeModel): Pick<Thinking, 'thinking'> {
  if (quiet === 'omit') return {};
  if (quiet === 'never') throw unsupportedParameter(provider, 'reasoning_effort', 'this model always thinks');
  return { thinking: { type: quiet } };
}

/** The level asked for, or the next lower one the model knows. */
function effortOf(asked: Asked, { xhigh }: ClaudeModel): NonNullable<Thinking['effort']> {
  if (asked === 'minimal') return 'low';
  return asked === 'xhigh' && !xhigh ? 'high' : asked;
}

/** `temperature` and `top_p` of a body, and whether they need the API version that still knew them. */
export interface Sampling {
  temperature?: number;
  top_p?: number;
}

/**
 * Empty when nothing but defaults was asked for: 1 is the default of both, and newer models refuse even that.
 * Source: https://platform.claude.com/docs/en/api/migration-2026-10-21
 * @throws unsupported_parameter out of range, where the model takes none, or not together with thinking or each other.
 */
export function toSampling(
  provider: string,
  { temperature = 1, topP = 1 }: GenerationRequest,
  { sampling }: ClaudeModel,
  thinking: boolean,
): Sampling {
  if (temperature < 0 || temperature > 1) {
    throw unsupportedParameter(provider, 'temperature', 'it must lie between 0 and 1');
  }
  const asked: [string, number][] = [];
  if (temperature !== 1) asked.push(['temperature', temperature]);
  if (topP !== 1) asked.push(['top_p', topP]);
  for (const [field, value] of asked) {
    if (sampling === 'none') throw unsupportedParameter(provider, field, 'this model has no sampling parameters');
    if (thinking && (field === 'temperature' || value < 0.95)) {
      throw unsupportedParameter(provider, field, 'it can not be set while the model thinks');
    }
  }
  if (asked.length === 2 && sampling === 'one') {
    throw unsupportedParameter(provider, 'top_p', 'this model takes temperature or top_p, not both');
  }
  return Object.fromEntries(asked);
}
