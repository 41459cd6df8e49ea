import { type FinishReason, type TokenUsage } from '../providers.types';
import { type WireUsage } from './openai-wire';

/**
 * Tokens as the server counted them; null when it told none. A total above prompt plus completion holds reasoning
 * that was left out of the completion (xAI, Gemini): it was generated and is paid as output.
 */
export function toTokenUsage(wire: WireUsage): TokenUsage | null {
  const prompt = count(wire.prompt_tokens);
  const completion = count(wire.completion_tokens);
  if (prompt === null && completion === null) return null;
  const inputTokens = prompt ?? 0;
  const cached =
    count(wire.prompt_tokens_details?.cached_tokens) ??
    count(wire.prompt_cache_hit_tokens) ??
    count(wire.cached_tokens) ??
    0;
  return {
    inputTokens,
    outputTokens: Math.max(completion ?? 0, (count(wire.total_tokens) ?? 0) - inputTokens),
    cachedInputTokens: Math.min(cached, inputTokens),
    cacheWriteTokens: count(wire.prompt_tokens_details?.cache_write_tokens) ?? 0,
    reasoningTokens: count(wire.completion_tokens_details?.reasoning_tokens) ?? 0,
    ...mediaOf(wire),
  };
}

function mediaOf({ prompt_tokens_details, completion_tokens_details }: WireUsage): Pick<TokenUsage, 'media'> {
  const media = {
    audioInput: count(prompt_tokens_details?.audio_tokens) ?? 0,
    imageInput: count(prompt_tokens_details?.image_tokens) ?? 0,
    audioOutput: count(completion_tokens_details?.audio_tokens) ?? 0,
  };
  return Object.values(media).some((tokens) => tokens > 0) ? { media } : {};
}

const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.round(value) : null;

/** `tool_calls` and a plain stop are told apart by whether tools were called, see ChoiceReader. */
const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_new_tokens: 'length',
  model_length: 'length', // Mistral
  max_output_tokens: 'length',
  content_filter: 'content_filter',
  safety: 'content_filter',
  recitation: 'content_filter',
  sensitive: 'content_filter', // Zhipu
  tool_calls: 'tool_calls',
  tool_call: 'tool_calls',
  tool_use: 'tool_calls',
  function_call: 'tool_calls',
};

/** Odd ones (`eos`, `end_turn`, `stop_sequence` …) mean that the model ended by itself. */
export const toFinishReason = (wire: string): FinishReason => REASONS[wire.toLowerCase()] ?? 'stop';
