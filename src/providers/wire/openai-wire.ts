/**
 * Chat Completions as servers really send it. Only what is read is named, and as loosely as it comes: what a field
 * holds is checked where it is used.
 * https://platform.openai.com/docs/api-reference/chat
 */

/** A chunk of a stream, or a whole body: they differ in `delta` and `message` only. */
export interface WireChunk {
  id?: unknown;
  model?: unknown;
  object?: unknown;
  choices?: unknown;
  usage?: WireUsage | null;
  /** Groq: usage once more, in its own envelope. */
  x_groq?: { usage?: WireUsage | null } | null;
  error?: unknown;
}

export interface WireChoice {
  index?: number | null;
  delta?: WireDelta | null;
  message?: WireDelta | null;
  finish_reason?: unknown;
  logprobs?: unknown;
  /** Moonshot puts usage into the last choice. */
  usage?: WireUsage | null;
  /** OpenRouter: the provider behind it failed while answering. */
  error?: unknown;
}

export interface WireDelta {
  content?: unknown;
  refusal?: unknown;
  /** DeepSeek, and older vLLM. */
  reasoning_content?: unknown;
  /** Groq, OpenRouter, newer vLLM. */
  reasoning?: unknown;
  /** OpenRouter. */
  reasoning_details?: unknown;
  tool_calls?: unknown;
  /** Before tools, one function was called at a time. */
  function_call?: WireFunction | null;
}

export interface WireFunction {
  name?: unknown;
  arguments?: unknown;
}

export interface WireToolCall {
  index?: number | null;
  id?: unknown;
  function?: WireFunction | null;
}

export interface WireUsage {
  prompt_tokens?: unknown;
  completion_tokens?: unknown;
  total_tokens?: unknown;
  prompt_tokens_details?: {
    cached_tokens?: unknown;
    cache_write_tokens?: unknown;
    audio_tokens?: unknown;
    image_tokens?: unknown;
  } | null;
  completion_tokens_details?: { reasoning_tokens?: unknown; audio_tokens?: unknown } | null;
  /** DeepSeek. */
  prompt_cache_hit_tokens?: unknown;
  /** Moonshot. */
  cached_tokens?: unknown;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The members of a list that are objects; nothing when it is no list. */
export const objectsOf = (list: unknown): Record<string, unknown>[] =>
  Array.isArray(list) ? list.filter(isObject) : [];
