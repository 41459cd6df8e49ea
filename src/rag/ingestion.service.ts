import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { DomainError } from '../platform/common/errors/domain.error';
import { logFailure } from '../platform/common/errors/exception.filter';
import { asDomainError } from '../platform/common/errors/problem';
import { every } from '../platform/common/every';
import { Interrupted } from '../platform/common/http/client-gone';
import { newId } from '../platform/common/ids';
import { Invalidations } from '../platform/database/invalidations';
import { DocumentFilesService } from './document-files.service';
import { UNFORESEEN } from './documents.errors';
import { DOCUMENT_TAKEN, type DocumentJob } from './documents.types';
import { IndexerService } from './indexer.service';
import { Superseded } from './indexes/index-writer';
import { languageOf } from './indexes/language';
import { Progress } from './ingestion.progress';
import { IngestionRepository, type StoredText } from './ingestion.repository';
import { PagesService } from './pages.service';
import { ParsingService } from './parsing.service';
import { UsageService } from '../usage/usage.service';
import { retryAfterMs } from './retries';

const RENEW_MS = 3_000;
/** Those of processes and of the database, at most. */
const CLOCKS_DIFFER_MS = 3_600_000;
/** How much of the whole, in per cent, is done when the text is there. */
const PARSED = 40;

/** Somebody cancelled or deleted the document, or took it over: whoever worked on it has nothing more to say. */
class Taken extends Error {}

interface Work {
  job: DocumentJob;
  abort: AbortController;
}

/**
 * Makes a document ready: its text, chunks, vectors. Every step may be repeated, and what was done before is found again:
 * the bytes, the text, and by their content the embeddings. While it works it renews a lease on the row; when it dies
 * somebody else goes on. No transaction is open while a file is read or a model is awaited.
 */
@Injectable()
export class IngestionService implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(IngestionService.name);
  private readonly owner = newId();
  private readonly works = new Map<string, Work>();
  private stopping = false;
  private endUpkeep: () => void = () => undefined;

  constructor(
    private readonly repository: IngestionRepository,
    private readonly files: DocumentFilesService,
    private readonly pages: PagesService,
    private readonly parsing: ParsingService,
    private readonly indexer: IndexerService,
    private readonly invalidations: Invalidations,
    private readonly usage: UsageService,
  ) {}

  onModuleInit(): void {
    // One that is not heard is found by the next renewal.
    this.invalidations.on(DOCUMENT_TAKEN, (id) => {
      if (id) this.works.get(id)?.abort.abort(new Taken());
    });
    this.endUpkeep = every(RENEW_MS, this.logger, () => this.renew());
  }

  /** The first thing of a shutdown: documents under way go back to the queue, and others go on with them. */
  onModuleDestroy(): void {
    this.stopping = true;
    for (const { abort } of this.works.values()) abort.abort(new Interrupted());
  }

  beforeApplicationShutdown(): void {
    this.endUpkeep();
  }

  /** To its end, whichever: failures are told in the row. Nothing when the job is outdated. */
  async ingest(documentId: string, jobVersion: number): Promise<void> {
    if (this.stopping) return;
    const job = await this.repository.claim(documentId, jobVersion, this.owner);
    if (!job) return;
    const abort = new AbortController();
    this.works.set(job.id, { job, abort });
    const progress = new Progress(
      (step, percent) => this.repository.progress(job, step, percent),
      (error) => logFailure(this.logger, error),
    );
    try {
      if (this.isStopping()) abort.abort(new Interrupted());
      await this.work(job, abort.signal, progress);
    } catch (error) {
      await this.end(job, abort.signal.aborted ? abort.signal.reason : error);
    } finally {
      progress.end();
      this.works.delete(job.id);
    }
  }

  /** It changes while others are awaited. */
  private isStopping(): boolean {
    return this.stopping;
  }

  private async work(job: DocumentJob, signal: AbortSignal, progress: Progress): Promise<void> {
    const text = await this.text(job, signal, progress);
    for (;;) {
      const target = await this.repository.findActive(job);
      if (!target) throw new Taken();
      const indexed = await this.indexer.index(target, job, job, text, {
        requestId: `${job.id}-${job.jobVersion}`,
        signal,
        onProgress: (step, percent) => progress.set(step, PARSED + ((100 - PARSED) * percent) / 100),
        onCost: (cost) => this.repository.addCost(job.id, cost),
      });
      if (job.attempts > 1) await this.account(job);
      const published = await this.repository.publish(job, target.id, indexed);
      if (published === 'lost') throw new Taken();
      if (published === 'done') return;
    }
  }

  private async text(job: DocumentJob, signal: AbortSignal, progress: Progress): Promise<StoredText> {
    if (job.parsed) return this.repository.getText(job.id);
    const { key, name, mediaType } = await this.file(job, signal, progress);
    const local = await this.files.toLocalFile(key);
    try {
      progress.set('parse', 0);
      const file = { path: local.path, name, mediaType };
      const parsed = await this.parsing.parse(file, signal, (percent) =>
        progress.set('parse', (PARSED * percent) / 100),
      );
      const text = { ...parsed, language: languageOf(parsed.text) };
      if (!(await this.repository.setText(job, text))) throw new Taken();
      return text;
    } finally {
      await local.release();
    }
  }

  private async file(
    job: DocumentJob,
    signal: AbortSignal,
    progress: Progress,
  ): Promise<{ key: string; name: string; mediaType: string }> {
    const { blobKey, mediaType, filename, sourceUrl } = job;
    if (blobKey && mediaType) return { key: blobKey, name: filename ?? job.title, mediaType };
    if (!sourceUrl) throw new Error(`document ${job.id} has neither bytes nor a URL`);
    progress.set('fetch', 0);
    const page = await this.pages.fetch(sourceUrl, signal);
    const blob = await this.files.store(job.workspaceId, page.mediaType, page.body, job.maxBytes);
    if (!(await this.repository.setBlob(job, blob, page.filename))) {
      await this.files.discard(blob.key);
      throw new Taken();
    }
    return { key: blob.key, name: page.filename, mediaType: blob.mediaType };
  }

  private async end(job: DocumentJob, reason: unknown): Promise<void> {
    if (reason instanceof Taken || reason instanceof Superseded) return this.repository.clear(job.id);
    if (reason instanceof Interrupted) return this.repository.release(job);
    logFailure(this.logger, reason);
    const known = asDomainError(reason) ?? new DomainError('invalid', UNFORESEEN.code, UNFORESEEN.message);
    const afterMs = retryAfterMs(known, job.attempts);
    if (afterMs === null) await this.repository.fail(job, known);
    else await this.repository.postpone(job, known, afterMs);
  }

  /** What a worker that died had paid for was added by nobody; the ledger knows. */
  private async account({ id, workspaceId, createdAt }: DocumentJob): Promise<void> {
    const since = new Date(createdAt.getTime() - CLOCKS_DIFFER_MS);
    await this.repository.setCost(id, await this.usage.costOf(workspaceId, id, since));
  }

  private async renew(): Promise<void> {
    if (this.works.size === 0) return;
    const mine = [...this.works.values()];
    const renewed = new Set(
      await this.repository.renew(
        this.owner,
        mine.map(({ job }) => job),
      ),
    );
    for (const { job, abort } of mine) if (!renewed.has(job.id)) abort.abort(new Taken());
  }
}
