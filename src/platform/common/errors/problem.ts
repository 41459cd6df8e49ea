import { HttpException } from '@nestjs/common';
import { Interrupted } from '../http/client-gone';
import { DomainError, type ErrorDetail, type ErrorKind } from './domain.error';
import { storageFailure } from './storage-failure';

/** The one table from kinds of failure to HTTP (docs/errors.md lists the codes). */
const TABLE: Record<ErrorKind, { status: number; type: string }> = {
  invalid: { status: 400, type: 'invalid_request_error' },
  unauthenticated: { status: 401, type: 'authentication_error' },
  forbidden: { status: 403, type: 'permission_error' },
  not_found: { status: 404, type: 'not_found_error' },
  method: { status: 405, type: 'invalid_request_error' },
  conflict: { status: 409, type: 'conflict_error' },
  too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_media: { status: 415, type: 'invalid_request_error' },
  blocked: { status: 422, type: 'guardrail_error' },
  limit: { status: 429, type: 'rate_limit_error' },
  upstream: { status: 502, type: 'upstream_error' },
  upstream_busy: { status: 503, type: 'upstream_error' },
  upstream_slow: { status: 504, type: 'upstream_error' },
  unavailable: { status: 503, type: 'server_error' },
};

/** Frameworks' own HTTP errors by status; anything else they raise is a bad request. */
const FRAMEWORK: Record<number, { kind: ErrorKind; code: string }> = {
  401: { kind: 'unauthenticated', code: 'missing_credentials' },
  403: { kind: 'forbidden', code: 'forbidden' },
  404: { kind: 'not_found', code: 'route_not_found' },
  413: { kind: 'too_large', code: 'payload_too_large' },
  415: { kind: 'unsupported_media', code: 'unsupported_media_type' },
  429: { kind: 'limit', code: 'rate_limit_exceeded' },
  503: { kind: 'unavailable', code: 'service_unavailable' },
};

/** The body of every error, also inside streams; OpenAI's shape with `request_id` and `details` added. */
export interface ErrorBody {
  type: string;
  code: string;
  message: string;
  param: string | null;
  request_id: string;
  details: readonly ErrorDetail[];
}

export interface Problem {
  status: number;
  headers: Record<string, string>;
  error: ErrorBody;
}

/** The one place where a thrown value becomes something a client may read. Unforeseen errors tell nothing of themselves. */
export function toProblem(thrown: unknown, requestId: string): Problem {
  const error = asDomainError(thrown);
  if (!error) {
    return {
      status: 500,
      headers: {},
      error: {
        type: 'server_error',
        code: 'internal_error',
        message: 'Something went wrong on our side. The request id finds it in the log.',
        param: null,
        request_id: requestId,
        details: [],
      },
    };
  }
  const { status, type } = TABLE[error.kind];
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer'; // RFC 9110, section 11.6.1
  if (error.retryAfterSeconds !== null) headers['retry-after'] = String(Math.ceil(error.retryAfterSeconds));
  if (error.shouldRetry === false) headers['x-should-retry'] = 'false';
  return {
    status,
    headers,
    error: {
      type,
      code: error.code,
      message: error.message,
      param: error.param,
      request_id: requestId,
      details: error.details,
    },
  };
}

const interrupted = () =>
  new DomainError('unavailable', 'interrupted', 'The server stopped while the answer was being written.');

/** Null for what nobody foresaw: the caller logs it and tells the client nothing. */
export function asDomainError(thrown: unknown): DomainError | null {
  if (thrown instanceof DomainError) return thrown;
  if (thrown instanceof HttpException) {
    const status = thrown.getStatus();
    if (status >= 500 && status !== 503) return null;
    const { kind, code } = FRAMEWORK[status] ?? { kind: 'invalid' as const, code: 'bad_request' };
    return new DomainError(kind, code, thrown.message);
  }
  return thrown instanceof Interrupted ? interrupted() : storageFailure(thrown);
}
