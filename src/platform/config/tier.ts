import { z } from 'zod';
import { byteSize } from './byte-size';

const count = z.int().positive().optional();

/** What those may use who have it. What isn't there is not limited. */
export const tier = z.strictObject({
  requests_per_minute: count,
  requests_per_day: count,
  tokens_per_minute: count,
  /** Calls of models at a time. */
  concurrent: count,
  /** Of one file, in bytes. */
  max_upload: byteSize.optional(),
  max_documents: count,
});
export type TierSettings = z.infer<typeof tier>;

export const tierName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, { error: 'expected a name of letters, digits, dots and dashes' });
