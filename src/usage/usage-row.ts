import { formatUsd } from '../platform/common/money';
import { type CallRecord } from './usage.types';

/** What a call's row says that is known only in the end. */
export const LATE_COLUMNS = [
  'superseded',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_usd',
  'estimated',
  'outcome',
  'error_code',
  'latency_ms',
  'ttft_ms',
];

/** By name: a newer schema may have more, with defaults. */
export const COLUMNS = [
  'id',
  'call_id',
  'at',
  'workspace_id',
  'user_id',
  'api_key_id',
  'end_user',
  'kind',
  'provider',
  'model',
  ...LATE_COLUMNS,
  'request_id',
  'message_id',
].join(', ');

/** A row of `usage` as JSON; a lease carries it as its `tally`. */
export const toRow = (call: CallRecord) => ({
  id: call.id,
  call_id: call.callId,
  superseded: call.superseded,
  at: call.at.toISOString(),
  workspace_id: call.workspaceId,
  user_id: call.userId,
  api_key_id: call.apiKeyId,
  end_user: call.endUser,
  kind: call.kind,
  provider: call.provider,
  model: call.model,
  input_tokens: call.inputTokens,
  output_tokens: call.outputTokens,
  cached_tokens: call.cachedTokens,
  cache_write_tokens: call.cacheWriteTokens,
  reasoning_tokens: call.reasoningTokens,
  cost_usd: call.cost === null ? null : formatUsd(call.cost),
  estimated: call.estimated,
  outcome: call.outcome,
  error_code: call.errorCode,
  latency_ms: call.latencyMs,
  ttft_ms: call.ttftMs,
  request_id: call.requestId,
  message_id: call.messageId,
});
