import { InjectQueue } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type JobsOptions, type Queue } from 'bullmq';
import { Complaints } from '../platform/common/complaints';
import { every } from '../platform/common/every';
import { priorityOf } from '../platform/queue/priority';
import { INGEST, type Jobs, RAG_HOUSEKEEPING, REINDEX } from '../platform/queue/queues';
import { type WaitingDocument, WaitingRepository } from './waiting.repository';

const LOOK_MS = 2_000;
const MOST = 500;
/** An id is free again when its job is over: the row decides what happens next, not what is left of a job. */
const GONE_AFTER: JobsOptions = { removeOnComplete: true, removeOnFail: true };
/** One that is under way may have passed what is to be cleared away: another follows it. */
const ONE_MORE = { id: 'clean', keepLastIfActive: true };

/**
 * Makes jobs for the rows that wait for a worker. Row and job can't drift apart: a job is only a call to look at its row,
 * its id is made of the row's id and version, and every row that still waits gets its job again every half minute, which changes
 * nothing while there is one.
 */
@Injectable()
export class RagQueues implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RagQueues.name);
  private readonly complaints = new Complaints(this.logger, 'the job queue');
  private end: () => void = () => undefined;
  private looking: Promise<void> | null = null;
  private again = false;

  constructor(
    private readonly waiting: WaitingRepository,
    @InjectQueue(INGEST) private readonly ingest: Queue<Jobs[typeof INGEST]>,
    @InjectQueue(REINDEX) private readonly reindex: Queue<Jobs[typeof REINDEX]>,
    @InjectQueue(RAG_HOUSEKEEPING) private readonly housekeeping: Queue<Jobs[typeof RAG_HOUSEKEEPING]>,
  ) {}

  onApplicationBootstrap(): void {
    this.end = every(LOOK_MS, this.logger, async () => {
      const left = await this.waiting.takeOver();
      if (left > 0) this.logger.warn(`took over ${left} documents whose workers died`);
      await this.look();
    });
  }

  beforeApplicationShutdown(): void {
    this.end();
  }

  /** Rows were made that wait: they get their jobs. Nobody waits for that; what fails is tried again. */
  lookSoon(): void {
    this.look().catch((error: unknown) => this.complaints.about(error));
  }

  /** Something was deleted. If this is lost, it is found within the minute. */
  cleanSoon(): void {
    this.housekeeping
      .add('clean', {}, { ...GONE_AFTER, deduplication: ONE_MORE })
      .catch((error: unknown) => this.complaints.about(error));
  }

  /** Never twice at once; who comes meanwhile is seen to afterwards. */
  private look(): Promise<void> {
    this.again = true;
    this.looking ??= this.enqueueAll().finally(() => (this.looking = null));
    return this.looking;
  }

  private async enqueueAll(): Promise<void> {
    while (this.again) {
      this.again = false;
      const [documents, indexes] = await Promise.all([this.waiting.documents(MOST), this.waiting.indexes(MOST)]);
      try {
        if (documents.length > 0) await this.ingest.addBulk(documents.map(ingestJob));
        if (indexes.length > 0) await this.reindex.addBulk(indexes.map(reindexJob));
      } catch (error) {
        await this.waiting.forget(
          documents.map(({ documentId }) => documentId),
          indexes.map(({ indexId }) => indexId),
        );
        throw error;
      }
      this.complaints.over();
      if (documents.length === MOST || indexes.length === MOST) this.again = true;
    }
  }
}

const ingestJob = ({ turn, ...data }: WaitingDocument) => ({
  name: 'document',
  data,
  opts: { ...GONE_AFTER, jobId: `${data.documentId}-${data.jobVersion}`, priority: priorityOf({ turn }) },
});

const reindexJob = (data: Jobs[typeof REINDEX]) => ({
  name: 'index',
  data,
  opts: { ...GONE_AFTER, jobId: data.indexId },
});
