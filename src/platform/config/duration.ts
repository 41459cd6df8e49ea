import { z } from 'zod';

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `2m`, `500ms`, `1h` → milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, { error: 'expected a duration such as 30s, 2m or 500ms' })
  .transform((text) => {
    const [, amount, unit] = /^(\d+)(\D+)$/.exec(text) ?? [];
    return Number(amount) * (UNITS[unit ?? ''] ?? 0);
  })
  .refine((ms) => ms > 0 && ms <= 24 * 3_600_000, { error: 'expected a duration between 1ms and 24h' });
