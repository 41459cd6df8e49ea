/**
 * Every queue: its name, and what its jobs carry. A job is taken by one process; it may run again when that one dies, so
 * that its work must be such that twice does no harm.
 */
export interface Jobs {
  /** Deletes sessions, tokens and invitations that nobody can use any more. */
  'auth-housekeeping': Record<string, never>;
  /** Deletes stored answers that have expired. */
  'idempotency-housekeeping': Record<string, never>;
}

export type QueueName = keyof Jobs;

export const AUTH_HOUSEKEEPING = 'auth-housekeeping' satisfies QueueName;
export const IDEMPOTENCY_HOUSEKEEPING = 'idempotency-housekeeping' satisfies QueueName;

export const QUEUES: readonly QueueName[] = [AUTH_HOUSEKEEPING, IDEMPOTENCY_HOUSEKEEPING];

/** Queues that get a job by themselves, one over all processes: cron patterns, in UTC. */
export const SCHEDULES: Partial<Record<QueueName, string>> = {
  [AUTH_HOUSEKEEPING]: '23 * * * *',
  [IDEMPOTENCY_HOUSEKEEPING]: '41 * * * *',
};
