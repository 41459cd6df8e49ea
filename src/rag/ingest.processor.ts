import { Processor, WorkerHost } from '@nestjs/bullmq';
import { type Job } from 'bullmq';
import { ANY_STALLS, INGEST, type Jobs } from '../platform/queue/queues';
import { IngestionService } from './ingestion.service';

/** Documents under way in a process; most of the time of each is waiting, for a page, a parser or a provider. */
const AT_ONCE = 8;

/** A job whose worker died is only cleared away by BullMQ: the row has been taken over long before. */
@Processor(INGEST, { concurrency: AT_ONCE, maxStalledCount: ANY_STALLS })
export class IngestProcessor extends WorkerHost {
  constructor(private readonly ingestion: IngestionService) {
    super();
  }

  process({ data }: Job<Jobs[typeof INGEST]>): Promise<void> {
    return this.ingestion.ingest(data.documentId, data.jobVersion);
  }
}
