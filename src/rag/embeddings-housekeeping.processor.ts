import { Processor, WorkerHost } from '@nestjs/bullmq';
import { inBatches } from '../platform/database/in-batches';
import { EMBEDDINGS_HOUSEKEEPING } from '../platform/queue/queues';
import { EmbeddingCacheRepository } from './embedding-cache.repository';

const BATCH = 1_000;

/** Deletes vectors that nobody has needed for long. */
@Processor(EMBEDDINGS_HOUSEKEEPING)
export class EmbeddingsHousekeeping extends WorkerHost {
  constructor(private readonly cache: EmbeddingCacheRepository) {
    super();
  }

  async process(): Promise<{ embeddings: number }> {
    return { embeddings: await inBatches(BATCH, (most) => this.cache.deleteUnused(most)) };
  }
}
