import { z } from 'zod';

/** Each request is checked by itself, so that a bad one is one error among the results. */
export const batchBody = z.strictObject({
  requests: z
    .array(z.record(z.string(), z.unknown()).meta({ description: 'A ChatRequest' }))
    .min(1)
    .max(100),
});
export type BatchBody = z.output<typeof batchBody>;
