import { DomainError, type ErrorKind } from '../platform/common/errors/domain.error';

/** Every way a provider can fail, told apart once, by its adapter. */
export type UpstreamFailure =
  | 'auth'
  | 'rate_limit'
  | 'overloaded'
  | 'timeout'
  | 'bad_request'
  | 'model_not_found'
  | 'context_length'
  | 'content_filter'
  | 'server'
  | 'connection'
  | 'truncated';

interface Told {
  kind: ErrorKind;
  code: string;
  /** Whether the same request may succeed at another moment. */
  retryable: boolean;
}

/** What the caller is told of each failure, and whether another try can help. */
const TOLD: Record<UpstreamFailure, Told> = {
  auth: { kind: 'upstream', code: 'upstream_credentials_rejected', retryable: false },
  rate_limit: { kind: 'upstream_busy', code: 'provider_overloaded', retryable: true },
  overloaded: { kind: 'upstream_busy', code: 'provider_overloaded', retryable: true },
  timeout: { kind: 'upstream_slow', code: 'upstream_timeout', retryable: true },
  bad_request: { kind: 'invalid', code: 'provider_refused_request', retryable: false },
  model_not_found: { kind: 'invalid', code: 'model_not_found', retryable: false },
  context_length: { kind: 'invalid', code: 'context_length_exceeded', retryable: false },
  content_filter: { kind: 'invalid', code: 'content_filter', retryable: false },
  server: { kind: 'upstream', code: 'provider_failed', retryable: true },
  connection: { kind: 'upstream', code: 'provider_failed', retryable: true },
  truncated: { kind: 'upstream', code: 'upstream_truncated', retryable: true },
};

export interface UpstreamErrorOptions extends ErrorOptions {
  retryAfterSeconds?: number;
  param?: string;
  /** The request never reached the provider. */
  unsent?: boolean;
}

/** A provider or the way to it failed. `message` is safe for callers: no key, no header, no raw body of a 5xx. */
export class UpstreamError extends DomainError {
  readonly retryable: boolean;
  /** The request never reached the provider: nothing can be owed. */
  readonly unsent: boolean;

  constructor(
    readonly provider: string,
    readonly failure: UpstreamFailure,
    message: string,
    options: UpstreamErrorOptions = {},
  ) {
    const { kind, code, retryable } = TOLD[failure];
    super(kind, code, message, options);
    this.name = 'UpstreamError';
    this.retryable = retryable;
    this.unsent = options.unsent ?? false;
  }
}

/** @param param the field as the client named it on the OpenAI wire (`logit_bias`, `messages[2].content`). */
export const unsupportedParameter = (provider: string, param: string, why?: string) =>
  new DomainError(
    'invalid',
    'unsupported_parameter',
    `${provider} does not support '${param}'${why ? `: ${why}` : ''}.`,
    {
      param,
    },
  );

export const upstreamTruncated = (provider: string) =>
  new UpstreamError(provider, 'truncated', `${provider} closed the stream before the answer was complete.`);

export const upstreamTimeout = (provider: string, afterMs: number) =>
  new UpstreamError(provider, 'timeout', `${provider} did not answer within ${afterMs / 1000} s.`);
