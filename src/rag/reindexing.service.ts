import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DomainError } from '../platform/common/errors/domain.error';
import { logFailure } from '../platform/common/errors/exception.filter';
import { asDomainError } from '../platform/common/errors/problem';
import { Interrupted } from '../platform/common/http/client-gone';
import { UNFORESEEN } from './documents.errors';
import { IndexerService } from './indexer.service';
import { Superseded } from './indexes/index-writer';
import { IngestionRepository } from './ingestion.repository';
import { type Building, type Missing, ReindexingRepository } from './reindexing.repository';
import { retryAfterMs } from './retries';

/** The document, or the index, is of no use any more. */
class Unwanted extends Error {}

/** Documents taken in at a time. */
const AT_ONCE = 4;

/**
 * Builds the index that is to take the place of the one that answers: takes in every document that is searched, those
 * that become so meanwhile too, and switches once it lacks none. It may be ended at any point, and goes on from there.
 */
@Injectable()
export class ReindexingService implements OnModuleDestroy {
  private readonly logger = new Logger(ReindexingService.name);
  private readonly stopping = new AbortController();

  constructor(
    private readonly repository: ReindexingRepository,
    private readonly ingestion: IngestionRepository,
    private readonly indexer: IndexerService,
  ) {}

  onModuleDestroy(): void {
    this.stopping.abort(new Interrupted());
  }

  /** Failures are told with the index. */
  async reindex(indexId: string): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      const building = await this.repository.find(indexId);
      if (!building || signal.aborted) return;
      const missing = await this.repository.missing(indexId, AT_ONCE);
      if (missing.length === 0) {
        if (await this.repository.switchOver(indexId)) return;
        continue;
      }
      const ends = await Promise.allSettled(missing.map((document) => this.takeIn(building, document, signal)));
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed) return this.fail(building, failed.reason);
    }
  }

  private async takeIn(building: Building, document: Missing, signal: AbortSignal): Promise<void> {
    const text = await this.ingestion.getText(document.id);
    const indexing = this.indexer.index(building, building, document, text, {
      requestId: `${building.id}-${document.id}`,
      signal,
      onProgress: () => undefined,
      onCost: (cost) => this.ingestion.addCost(document.id, cost),
      onGroup: async () => {
        if (!(await this.repository.wants(building.id, document.id))) throw new Unwanted();
      },
    });
    await indexing.catch((error: unknown) => {
      if (!(error instanceof Unwanted)) throw error;
    });
    await this.repository.publish(building.id, document.id);
  }

  private async fail({ id, attempts }: Building, reason: unknown): Promise<void> {
    if (reason instanceof Interrupted || reason instanceof Superseded) return; // another process goes on
    logFailure(this.logger, reason);
    const known = asDomainError(reason) ?? new DomainError('unavailable', UNFORESEEN.code, UNFORESEEN.message);
    await this.repository.fail(id, known, retryAfterMs(known, attempts));
  }
}
