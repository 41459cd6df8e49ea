import { type TokenUsage } from '../../providers.types';
import { type WireUsage } from './anthropic.wire';

/**
 * Later counts are cumulative and take the place of earlier ones; what a later message leaves out or tells as null
 * stays as it was.
 */
export function laterUsage(before: WireUsage | null, told: WireUsage | null | undefined): WireUsage | null {
  if (!told) return before;
  const known = Object.entries(told).filter(([, value]) => value !== null && value !== undefined);
  return { ...before, ...(Object.fromEntries(known) as WireUsage) };
}

/**
 * The API counts cached input apart; here `inputTokens` holds all of it. Its top level also leaves out the passes that
 * compacted the context, which are billed like any other: those are added from `iterations`.
 * Source: https://platform.claude.com/docs/en/build-with-claude/compaction-threshold
 */
export function toTokenUsage(usage: WireUsage): TokenUsage {
  const compactions = usage.iterations?.filter(({ type }) => type === 'compaction') ?? [];
  const sum = (count: (of: WireUsage) => number | null | undefined) =>
    [usage, ...compactions].reduce((total, of) => total + (count(of) ?? 0), 0);
  const cachedInputTokens = sum((of) => of.cache_read_input_tokens);
  const cacheWriteTokens = sum((of) => of.cache_creation_input_tokens);
  return {
    inputTokens: sum((of) => of.input_tokens) + cachedInputTokens + cacheWriteTokens,
    outputTokens: sum((of) => of.output_tokens),
    cachedInputTokens,
    cacheWriteTokens,
    reasoningTokens: sum((of) => of.output_tokens_details?.thinking_tokens),
  };
}
