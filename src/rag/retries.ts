import { type DomainError, type ErrorKind } from '../platform/common/errors/domain.error';

/** Trouble that passes: a provider's, a limit's, or of a part of ours that is away. */
const PASSING: readonly ErrorKind[] = ['upstream', 'upstream_busy', 'upstream_slow', 'limit', 'unavailable'];
const MOST_ATTEMPTS = 6;
const FIRST_MS = 2_000;
const LONGEST_MS = 300_000;

/**
 * How long to wait before the next attempt, in milliseconds; null when there is to be none: what failed would fail again,
 * or has often enough. Waits double, up to five minutes, with jitter, and are as long as whoever refused asked for.
 * @param attempts how many there were
 */
export function retryAfterMs(error: DomainError, attempts: number): number | null {
  if (!PASSING.includes(error.kind) || error.shouldRetry === false || attempts >= MOST_ATTEMPTS) return null;
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempts);
  return Math.max(most * (0.5 + Math.random() / 2), (error.retryAfterSeconds ?? 0) * 1_000);
}
