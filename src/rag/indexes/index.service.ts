import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type Transaction } from '../../platform/database/transaction';
import { ChunksRepository, type DeletedChunks, type WrittenIndex } from './chunks.repository';
import { IndexWriter } from './index-writer';
import { configurationOf } from './language';
import { LexicalRepository } from './lexical.repository';
import { VECTOR_INDEX } from './vector-index';
import { type VectorIndex } from './vector-index.types';

/** Vectors handed to another vector index at a time. */
const GROUP = 500;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Fills the indexes of collections. What is written is found by nobody until it is published. */
@Injectable()
export class IndexService implements OnModuleInit {
  private readonly logger = new Logger(IndexService.name);

  constructor(
    private readonly chunks: ChunksRepository,
    private readonly lexical: LexicalRepository,
    @Inject(VECTOR_INDEX) private readonly vectors: VectorIndex,
  ) {}

  /** Another vector index than last time gets what the last one had, before anything is asked of it. */
  async onModuleInit(): Promise<void> {
    await this.vectors.prepare();
    const before = await this.chunks.builtWith();
    if (before === this.vectors.name) return;
    const held = await this.rebuild();
    if (held > 0) this.logger.log(`${held} vectors were copied into the ${this.vectors.name} index`);
    await this.chunks.setBuiltWith(this.vectors.name);
  }

  /** Begins to write a document into an index in place of what is there of it. May be repeated at any point of a writing. */
  async begin(
    index: WrittenIndex,
    document: { id: string; title: string; language: string | null },
  ): Promise<IndexWriter> {
    const sourceId = await this.chunks.transaction(async (tx) => {
      await this.chunks.takeTurns(tx, index.id, document.id);
      await this.letGo(tx, await this.chunks.deleteWritten(tx, index.id, document.id));
      return this.lexical.begin(tx, index.id, document.id, configurationOf(document.language));
    });
    return new IndexWriter(index, document, sourceId, this.chunks, this.lexical, this.vectors);
  }

  /** What was written of a document is found from the commit of `tx` on, as soon as the document is current. */
  publish(tx: Transaction, indexId: string, documentId: string): Promise<void> {
    return this.chunks.publish(tx, indexId, documentId);
  }

  /** What was written of a document that is not to be published after all; one that was is left alone. */
  async discard(tx: Transaction, indexId: string, documentId: string): Promise<void> {
    await this.chunks.takeTurns(tx, indexId, documentId);
    if (await this.chunks.isPublished(tx, indexId, documentId)) return;
    await this.letGo(tx, await this.chunks.deleteWritten(tx, indexId, documentId));
  }

  /** Takes a document out of every index. */
  async remove(tx: Transaction, documentId: string): Promise<void> {
    await this.letGo(tx, await this.chunks.deleteOfDocument(tx, documentId));
  }

  /** Empties an index, which nobody finds anything in from now on. Its own row is left to who calls. */
  async drop(indexId: string): Promise<void> {
    await this.chunks.unpublishAll(indexId);
    for (;;) {
      const documentId = await this.chunks.nextIn(indexId);
      if (!documentId) return;
      await this.chunks.transaction(async (tx) =>
        this.letGo(tx, await this.chunks.deleteWritten(tx, indexId, documentId)),
      );
    }
  }

  private async rebuild(): Promise<number> {
    let held = 0;
    for (let after = FIRST; ;) {
      const some = await this.chunks.vectorsAfter(after, GROUP);
      for (const [id, own] of Map.groupBy(some, ({ indexId }) => indexId)) {
        await this.vectors.add({ id, dimensions: own[0]?.vector.length ?? 0 }, own);
      }
      held += some.length;
      const last = some.at(-1);
      if (!last) return held;
      after = last.chunkId;
    }
  }

  private async letGo(tx: Transaction, deleted: readonly DeletedChunks[]): Promise<void> {
    for (const { dimensions, ids } of deleted) await this.vectors.remove(tx, dimensions, ids);
  }
}
