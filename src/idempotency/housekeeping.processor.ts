import { Processor, WorkerHost } from '@nestjs/bullmq';
import { inBatches } from '../platform/database/in-batches';
import { IDEMPOTENCY_HOUSEKEEPING } from '../platform/queue/queues';
import { IdempotencyRepository } from './idempotency.repository';

/** Bodies are large: fewer at a time. */
const BATCH = 200;

/** Deletes answers that nobody can ask for again. */
@Processor(IDEMPOTENCY_HOUSEKEEPING)
export class IdempotencyHousekeeping extends WorkerHost {
  constructor(private readonly repository: IdempotencyRepository) {
    super();
  }

  async process(): Promise<{ idempotency_keys: number }> {
    return { idempotency_keys: await inBatches(BATCH, (most) => this.repository.deleteExpired(most)) };
  }
}
