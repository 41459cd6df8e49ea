import { z } from 'zod';

/** `512kb`, `20mb` → bytes. */
export const byteSize = z
  .string()
  .regex(/^\d+(kb|mb)$/i, { error: 'expected a size such as 512kb or 20mb' })
  .transform((text) => Number.parseInt(text, 10) * (/kb$/i.test(text) ? 1024 : 1024 * 1024))
  .refine((bytes) => bytes > 0, { error: 'expected a size above zero' });
