/** How much of a limit is left. */
export interface Rate {
  limit: number;
  remaining: number;
  /** Until all of it is there again. */
  resetMs: number;
}

/** `x-ratelimit-limit-…`, `-remaining-…` and `-reset-…`, as OpenAI has them. */
export const rateHeaders = (
  of: 'requests' | 'tokens',
  { limit, remaining, resetMs }: Rate,
): Record<string, string> => ({
  [`x-ratelimit-limit-${of}`]: String(limit),
  [`x-ratelimit-remaining-${of}`]: String(remaining),
  [`x-ratelimit-reset-${of}`]: formatReset(resetMs),
});

/** `120ms`, `1s`, `6m0s`, `23h59m1s`: whole seconds, rounded up, from one second on. */
export function formatReset(ms: number): string {
  if (ms > 0 && ms <= 999) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}
