import { z } from 'zod';

const MOST_OF_BATCH = 100;

/** Each request is checked by itself, so that a bad one is one error among the results. */
export const batchBody = z.strictObject({
  requests: z
    .array(z.record(z.string(), z.unknown()).meta({ description: 'A ChatRequest' }))
    .min(1)
    .max(MOST_OF_BATCH),
});
export type BatchBody = z.output<typeof batchBody>;

/** The requests of a batch that is not checked yet. One that will be refused counts as one. */
export function requestsOf(body: unknown): number {
  const requests = typeof body === 'object' && body !== null && 'requests' in body ? body.requests : null;
  return Array.isArray(requests) && requests.length <= MOST_OF_BATCH ? Math.max(1, requests.length) : 1;
}
