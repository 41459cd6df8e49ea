import {
  DomainError,
  type DomainErrorOptions,
  type ErrorDetail,
  type ErrorKind,
} from '../platform/common/errors/domain.error';

/** Every way a provider can fail, told apart once, by its adapter. */
export type UpstreamFailure =
  | 'auth'
  | 'rate_limit'
  | 'quota'
  | 'overloaded'
  | 'timeout'
  | 'bad_request'
  | 'model_not_found'
  | 'context_length'
  | 'content_filter'
  | 'server'
  | 'connection'
  | 'truncated'
  | 'resting';

/**
 * What can help: the same request again a little later; another provider or key; or nothing, since the request itself is
 * at fault. What timed out or was cut off is not tried again where that happened: whoever was at work will bill it.
 */
export type Cure = 'wait' | 'elsewhere' | 'none';

interface Told {
  kind: ErrorKind;
  code: string;
  cure: Cure;
}

/** What the caller is told of each failure, and what can help. */
const TOLD: Record<UpstreamFailure, Told> = {
  auth: { kind: 'upstream', code: 'upstream_credentials_rejected', cure: 'elsewhere' },
  rate_limit: { kind: 'upstream_busy', code: 'provider_overloaded', cure: 'wait' },
  quota: { kind: 'upstream_busy', code: 'provider_overloaded', cure: 'elsewhere' },
  overloaded: { kind: 'upstream_busy', code: 'provider_overloaded', cure: 'wait' },
  timeout: { kind: 'upstream_slow', code: 'upstream_timeout', cure: 'elsewhere' },
  bad_request: { kind: 'invalid', code: 'provider_refused_request', cure: 'none' },
  model_not_found: { kind: 'invalid', code: 'model_not_found', cure: 'elsewhere' },
  context_length: { kind: 'invalid', code: 'context_length_exceeded', cure: 'none' },
  content_filter: { kind: 'invalid', code: 'content_filter', cure: 'none' },
  server: { kind: 'upstream', code: 'provider_failed', cure: 'wait' },
  connection: { kind: 'upstream', code: 'provider_failed', cure: 'wait' },
  truncated: { kind: 'upstream', code: 'upstream_truncated', cure: 'elsewhere' },
  resting: { kind: 'upstream_busy', code: 'provider_overloaded', cure: 'elsewhere' },
};

export interface UpstreamErrorOptions extends DomainErrorOptions {
  /** The request never reached the provider. */
  unsent?: boolean;
}

/** A provider or the way to it failed. `message` is safe for callers: no key, no header, no raw body of a 5xx. */
export class UpstreamError extends DomainError {
  readonly cure: Cure;
  /** The request never reached the provider: nothing can be owed. */
  readonly unsent: boolean;

  constructor(
    readonly provider: string,
    readonly failure: UpstreamFailure,
    message: string,
    options: UpstreamErrorOptions = {},
  ) {
    const { kind, code, cure } = TOLD[failure];
    super(kind, code, message, options);
    this.name = 'UpstreamError';
    this.cure = cure;
    this.unsent = options.unsent ?? false;
  }
}

/** @param model as the caller named it */
export const modelNotAllowed = (model: string, param: string) =>
  new DomainError('forbidden', 'model_not_allowed', `'${model}' is not among the models you may use.`, {
    param,
    details: [{ model }],
  });

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

const wrongModel = (message: string) =>
  new DomainError('invalid', 'unsupported_parameter', message, { param: 'model' });

export const notAChatModel = (model: string) =>
  wrongModel(`'${model}' makes embeddings and does not chat: it is for POST /v1/embeddings and for collections.`);

export const notAnEmbeddingModel = (model: string) =>
  wrongModel(`'${model}' makes no embeddings. GET /v1/models lists those that do, with the capability 'embeddings'.`);

/** @param model as the caller named it */
export const severalEmbeddingModels = (model: string) =>
  wrongModel(`'${model}' stands for several models, whose vectors can't be compared. Name one of them.`);

export const upstreamTruncated = (provider: string) =>
  new UpstreamError(provider, 'truncated', `${provider} closed the stream before the answer was complete.`);

/** @param details the attempts made before, if any */
export const upstreamTimeout = (provider: string, afterMs: number, details: readonly ErrorDetail[] = []) =>
  new UpstreamError(provider, 'timeout', `${provider} did not answer within ${afterMs / 1000} s.`, { details });

/** The breaker of a target is open: it failed too often of late and is left alone. */
export const targetResting = (provider: string, model: string, forMs: number) =>
  new UpstreamError(provider, 'resting', `${provider}/${model} failed too often of late and is left alone for now.`, {
    unsent: true,
    retryAfterSeconds: Math.max(1, Math.ceil(forMs / 1000)),
  });
