import { Processor, WorkerHost } from '@nestjs/bullmq';
import { BlobStore } from '../platform/files/blob-store';
import { inBatches } from '../platform/database/in-batches';
import { RAG_HOUSEKEEPING } from '../platform/queue/queues';
import { RagHousekeepingRepository } from './housekeeping.repository';
import { LooseBlobsRepository } from './loose-blobs.repository';

const BATCH = 100;

/** What went. It is what the finished job shows. */
interface Swept {
  indexes: number;
  documents: number;
  collections: number;
  blobs: number;
}

/** Deletes what is left of deleted documents, collections and indexes: chunks, rows, bytes. */
@Processor(RAG_HOUSEKEEPING)
export class RagHousekeeping extends WorkerHost {
  constructor(
    private readonly repository: RagHousekeepingRepository,
    private readonly blobs: BlobStore,
    private readonly loose: LooseBlobsRepository,
  ) {
    super();
  }

  async process(): Promise<Swept> {
    return {
      documents: await inBatches(BATCH, (most) => this.repository.deleteDocuments(most)),
      indexes: await inBatches(BATCH, (most) => this.deleteIndexes(most)),
      collections: await inBatches(BATCH, (most) => this.repository.deleteCollections(most)),
      blobs: await inBatches(BATCH, (most) => this.deleteBlobs(most)),
    };
  }

  private async deleteIndexes(most: number): Promise<number> {
    const ids = await this.repository.unusedIndexes(most);
    for (const id of ids) await this.repository.deleteIndex(id);
    return ids.length;
  }

  private async deleteBlobs(most: number): Promise<number> {
    const keys = await this.loose.due(most);
    for (const key of keys) await this.blobs.delete(key);
    await this.loose.forget(keys);
    return keys.length;
  }
}
