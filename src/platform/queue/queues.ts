/**
 * Every queue: its name, and what its jobs carry. A job is taken by one process; it may run again when that one dies, so
 * that its work must be such that twice does no harm.
 */
export interface Jobs {
  /** Deletes sessions, tokens and invitations that nobody can use any more. */
  'auth-housekeeping': Record<string, never>;
  /** Deletes stored answers that have expired. */
  'idempotency-housekeeping': Record<string, never>;
  /** Indexes a document. The row has what is to be done; a job of another version of it is outdated. */
  ingest: { documentId: string; jobVersion: number };
  /** Indexes the documents of a collection anew, for an index that is being built. */
  reindex: { indexId: string };
  /** Deletes what is left of deleted documents and collections: rows, chunks, bytes. */
  'rag-housekeeping': Record<string, never>;
  /** Carries on a run of an agent. The row has what is to be done; a job of another version of it is outdated. */
  'agent-run': { runId: string; jobVersion: number };
  /** Deletes remembered vectors that nobody has needed for long. */
  'embeddings-housekeeping': Record<string, never>;
}

export type QueueName = keyof Jobs;

export const AUTH_HOUSEKEEPING = 'auth-housekeeping' satisfies QueueName;
export const IDEMPOTENCY_HOUSEKEEPING = 'idempotency-housekeeping' satisfies QueueName;
export const EMBEDDINGS_HOUSEKEEPING = 'embeddings-housekeeping' satisfies QueueName;
export const INGEST = 'ingest' satisfies QueueName;
export const AGENT_RUN = 'agent-run' satisfies QueueName;
export const REINDEX = 'reindex' satisfies QueueName;
export const RAG_HOUSEKEEPING = 'rag-housekeeping' satisfies QueueName;

export const QUEUES: readonly QueueName[] = [
  AUTH_HOUSEKEEPING,
  IDEMPOTENCY_HOUSEKEEPING,
  INGEST,
  REINDEX,
  RAG_HOUSEKEEPING,
  EMBEDDINGS_HOUSEKEEPING,
  AGENT_RUN,
];

/** Queues that get a job by themselves, one over all processes: cron patterns, in UTC. */
export const SCHEDULES: Partial<Record<QueueName, string>> = {
  [AUTH_HOUSEKEEPING]: '23 * * * *',
  [IDEMPOTENCY_HOUSEKEEPING]: '41 * * * *',
  [RAG_HOUSEKEEPING]: '* * * * *',
  [EMBEDDINGS_HOUSEKEEPING]: '7 4 * * *',
};

/** For `maxStalledCount` of jobs that go on wherever a worker died: the largest number BullMQ's tables in PostgreSQL hold. */
export const ANY_STALLS = 2_147_483_647;
