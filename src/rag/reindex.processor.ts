import { Processor, WorkerHost } from '@nestjs/bullmq';
import { type Job } from 'bullmq';
import { ANY_STALLS, type Jobs, REINDEX } from '../platform/queue/queues';
import { ReindexingService } from './reindexing.service';

/** Here BullMQ's lock is the lease: a worker that is silent for `lockDuration` is dead, and its job is looked for this often. */
const OPTIONS = {
  concurrency: 2,
  lockDuration: 20_000,
  stalledInterval: 10_000,
  maxStalledCount: ANY_STALLS,
};

@Processor(REINDEX, OPTIONS)
export class ReindexProcessor extends WorkerHost {
  constructor(private readonly reindexing: ReindexingService) {
    super();
  }

  process({ data }: Job<Jobs[typeof REINDEX]>): Promise<void> {
    return this.reindexing.reindex(data.indexId);
  }
}
