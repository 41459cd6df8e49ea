/** What sort of failure it is. The table in `problem.ts` says how each is told over HTTP. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media'
  | 'blocked'
  | 'limit'
  | 'upstream'
  | 'upstream_busy'
  | 'upstream_slow'
  | 'unavailable';

/** One bad field of a request, or one failed attempt at a provider. */
export type ErrorDetail = Readonly<Record<string, unknown>>;

export interface DomainErrorOptions extends ErrorOptions {
  /** The request field at fault, as the client wrote it (`messages[0].content`). */
  param?: string;
  details?: readonly ErrorDetail[];
  /** Sent as `retry-after`, whole seconds. */
  retryAfterSeconds?: number;
  /** `false` sends `x-should-retry: false`, which the official SDKs obey. */
  shouldRetry?: boolean;
}

/** A failure the domain foresees. Knows nothing of HTTP; `code` is part of the public API. */
export class DomainError extends Error {
  readonly param: string | null;
  readonly details: readonly ErrorDetail[];
  readonly retryAfterSeconds: number | null;
  readonly shouldRetry: boolean | null;

  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    options: DomainErrorOptions = {},
  ) {
    super(message, options);
    this.name = 'DomainError';
    this.param = options.param ?? null;
    this.details = options.details ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.shouldRetry = options.shouldRetry ?? null;
  }
}
