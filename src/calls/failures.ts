import { DomainError, type ErrorDetail } from '../platform/common/errors/domain.error';
import { UpstreamError } from '../providers/providers.errors';
import { type Target } from '../providers/providers.service';

/** A target that did not answer. */
export interface AttemptFailure {
  target: Target;
  error: DomainError;
  /** How long the attempt took, in milliseconds; 0 when nothing was sent. */
  durationMs: number;
}

/** The provider's class of failure. What never left: `budget` when there was no room for it, `unsupported` when the target can't serve it. */
function classOf(error: DomainError): string {
  if (error instanceof UpstreamError) return error.failure;
  return error.kind === 'limit' ? 'budget' : 'unsupported';
}

/** One entry for each attempt, in their order. */
export const detailsOf = (failures: readonly AttemptFailure[]): ErrorDetail[] =>
  failures.map(({ target, error, durationMs }) => ({
    provider: target.provider.id,
    model: target.id,
    class: classOf(error),
    code: error.code,
    message: error.message,
    duration_ms: durationMs,
  }));

/**
 * What the caller is told when nobody answered: of one target its own failure, and of several the last one if the request
 * is at fault with all of them, else all of them.
 */
export function explain(failures: readonly AttemptFailure[], targets: number): DomainError {
  const last = failures.at(-1);
  if (!last) throw new Error('a call failed without a failure');
  if (targets === 1 || failures.every(({ error }) => error.kind === 'invalid')) return last.error;
  const waits = failures.map(({ error }) => error.retryAfterSeconds).filter((seconds) => seconds !== null);
  return new DomainError(
    'upstream',
    'all_providers_failed',
    `None of the ${targets} models that were asked answered.`,
    {
      details: detailsOf(failures),
      ...(waits.length === failures.length ? { retryAfterSeconds: Math.min(...waits) } : {}),
    },
  );
}
