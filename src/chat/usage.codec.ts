import { type TokenUsage } from '../providers/providers.types';
import { type CallRecord } from '../usage/usage.types';

/** What an attempt at a model used, from what it is billed. */
export const usageOf = (record: CallRecord): TokenUsage => ({
  inputTokens: record.inputTokens,
  outputTokens: record.outputTokens,
  cachedInputTokens: record.cachedTokens,
  cacheWriteTokens: record.cacheWriteTokens,
  reasoningTokens: record.reasoningTokens,
});
