import { type UpstreamFailure } from '../providers.errors';

/** Codes and types that say more than the status. https://platform.openai.com/docs/guides/error-codes */
const BY_CODE: Readonly<Record<string, UpstreamFailure>> = {
  context_length_exceeded: 'context_length',
  exceed_context_size_error: 'context_length', // llama.cpp
  content_filter: 'content_filter',
  content_policy_violation: 'content_filter',
  moderation_blocked: 'content_filter',
  model_not_found: 'model_not_found',
  insufficient_quota: 'quota',
  rate_limit_exceeded: 'rate_limit',
  rate_limit_error: 'rate_limit',
  overloaded_error: 'overloaded',
  server_is_overloaded: 'overloaded',
  service_unavailable_error: 'overloaded',
  slow_down: 'overloaded',
  authentication_error: 'auth',
  invalid_api_key: 'auth',
};

/** What compatible servers write when the prompt is too long. */
const TOO_LONG = /maximum context length|context window|context size|too many tokens|prompt is too long/i;

const BY_STATUS: Readonly<Record<number, UpstreamFailure>> = {
  401: 'auth',
  402: 'auth',
  403: 'auth',
  404: 'model_not_found',
  408: 'timeout',
  429: 'rate_limit',
  498: 'overloaded', // Groq: flex capacity exceeded
  503: 'overloaded',
  504: 'timeout',
  524: 'timeout', // Cloudflare
  529: 'overloaded',
};

/**
 * Which of the failures it is.
 * @param status null when the server told none, inside a stream.
 * @param error the body's `error` object: `code` and `type` are looked at.
 */
export function failureOf(status: number | null, error: Record<string, unknown>, message: string): UpstreamFailure {
  const refused = status === null || (status >= 400 && status < 500);
  if (refused) {
    const byCode = named(error.code) ?? named(error.type);
    if (byCode) return byCode;
    // OpenRouter: the input was flagged. https://openrouter.ai/docs/api-reference/errors
    if (status === 403 && /flagged|moderation/i.test(message)) return 'content_filter';
    if ((status === null || status === 400 || status === 413 || status === 422) && TOO_LONG.test(message)) {
      return 'context_length';
    }
  }
  if (status === null) return error.type === 'invalid_request_error' ? 'bad_request' : 'server';
  return BY_STATUS[status] ?? (refused ? 'bad_request' : 'server');
}

const named = (code: unknown): UpstreamFailure | undefined =>
  typeof code === 'string' && Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
