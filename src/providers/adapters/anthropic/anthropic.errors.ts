import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { UpstreamError, type UpstreamFailure } from '../../providers.errors';
import { networkFailure, toldFailure } from '../../wire/upstream-failure';
import { isObject, stringOf } from './anthropic.wire';

/** Whose error it is, and the key that no message may show. */
export interface ErrorContext {
  provider: string;
  apiKey: string | null;
}

/** Source: https://platform.claude.com/docs/en/api/errors */
const BY_TYPE: Readonly<Record<string, UpstreamFailure>> = {
  authentication_error: 'auth',
  permission_error: 'auth',
  billing_error: 'auth',
  not_found_error: 'model_not_found',
  rate_limit_error: 'rate_limit',
  overloaded_error: 'overloaded',
  timeout_error: 'timeout',
  // A body of more than 32 MB: not a matter of tokens, but its caller has the same remedy, to send less.
  request_too_large: 'context_length',
};

const BY_STATUS: Readonly<Record<number, UpstreamFailure>> = {
  401: 'auth',
  402: 'auth',
  403: 'auth',
  404: 'model_not_found',
  408: 'timeout',
  413: 'context_length',
  429: 'rate_limit',
  503: 'overloaded',
  504: 'timeout',
  529: 'overloaded',
};

/** Refusals that only their words tell apart; all of type `invalid_request_error`. */
const BY_WORDS: readonly [RegExp, UpstreamFailure][] = [
  [
    /prompt is too long|exceed(s|ed)? (the )?(context|model.{0,20}context)|context (window|limit|length)/i,
    'context_length',
  ],
  [/content filtering policy/i, 'content_filter'],
  [/credit balance|billing|spend limit/i, 'auth'],
];

function failureOf(status: number | null, type: string, message: string): UpstreamFailure {
  const known = BY_TYPE[type];
  if (known) return known;
  if (status !== null && status >= 500) return BY_STATUS[status] ?? 'server';
  if (status === null && type !== 'invalid_request_error') return 'server';
  const said = BY_WORDS.find(([words]) => words.test(message));
  if (said) return said[1];
  if (status !== null && status < 400) return 'server';
  return (status === null ? undefined : BY_STATUS[status]) ?? 'bad_request';
}

/**
 * A failure as the provider told it.
 * @param status null inside a stream.
 * @param told the `error` of the body or of the event: `{ type, message }`.
 */
export function errorTold(
  { provider, apiKey }: ErrorContext,
  status: number | null,
  told: unknown,
  headers?: Headers,
): UpstreamError {
  const { type, message } = isObject(told) ? told : { type: undefined, message: told };
  const failure = failureOf(status, stringOf(type), stringOf(message));
  return toldFailure({ provider, failure, message: stringOf(message), apiKey, status, ...(headers && { headers }) });
}

/**
 * Whatever a call threw, as an UpstreamError; a mistake of ours comes back as it is.
 * @param answering whether the provider had begun to answer.
 */
export function toUpstreamError(error: unknown, context: ErrorContext, answering: boolean): unknown {
  const { provider } = context;
  if (error instanceof APIConnectionTimeoutError) {
    return new UpstreamError(provider, 'timeout', `${provider} did not answer in time.`, { cause: error });
  }
  if (error instanceof APIConnectionError) {
    return new UpstreamError(provider, 'connection', `${provider} could not be reached.`, {
      cause: error.cause ?? error,
    });
  }
  if (error instanceof APIError && typeof error.status === 'number') {
    const body: unknown = error.error;
    const told = isObject(body) && isObject(body['error']) ? body['error'] : { message: error.apiMessage };
    const headers = error.headers instanceof Headers ? error.headers : undefined;
    return errorTold(context, error.status, told, headers);
  }
  return networkFailure(provider, error, answering);
}
