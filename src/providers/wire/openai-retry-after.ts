/** Longer waits are told as this many seconds. */
const LONGEST = 3600;

/**
 * Whole seconds to wait: OpenAI's `retry-after-ms`, else `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3).
 * Null when there is neither.
 * @param now milliseconds of the epoch.
 */
export function retryAfterSeconds(headers: Headers, now: number): number | null {
  const milliseconds = Number(headers.get('retry-after-ms') ?? NaN);
  if (milliseconds >= 0) return bounded(milliseconds / 1000);
  const told = headers.get('retry-after')?.trim();
  if (!told) return null;
  const seconds = /^\d+(\.\d+)?$/.test(told) ? Number(told) : (Date.parse(told) - now) / 1000;
  return Number.isNaN(seconds) ? null : bounded(seconds);
}

const bounded = (seconds: number): number => Math.min(Math.max(Math.ceil(seconds), 0), LONGEST);
