import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type DocumentPayer, type TargetIndex } from './documents.types';
import { IndexService } from './indexes/index.service';

/** An index that is being built, and who pays for it. */
export type Building = TargetIndex & DocumentPayer & { attempts: number };

/** A document an index has yet to take in. */
export interface Missing {
  id: string;
  title: string;
}

const BUILDING = `i.id = $1 AND i.state = 'building' AND c.deleted_at IS NULL`;
const WANTED = `SELECT 1 FROM collection_indexes i JOIN collections c ON c.id = i.collection_id
  JOIN documents d ON d.collection_id = c.id AND d.id = $2 AND d.current AND d.deleted_at IS NULL WHERE ${BUILDING}`;
/** Documents of the collection that are searched and that the index does not have. */
const MISSING = `SELECT FROM documents d WHERE d.collection_id = i.collection_id AND d.current AND d.deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM document_indexes p WHERE p.document_id = d.id AND p.index_id = i.id)`;

/** Indexes that are being built beside the one that answers. */
@Injectable()
export class ReindexingRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly indexes: IndexService,
  ) {}

  /** Null when it is no longer being built. */
  async find(indexId: string): Promise<Building | null> {
    const [found] = await this.db.query<Building[]>(
      `SELECT i.id, i.workspace_id AS "workspaceId", i.collection_id AS "collectionId", i.user_id AS "userId",
         i.api_key_id AS "apiKeyId", i.embedding_model AS "embeddingModel", i.dimensions, i.chunking, i.attempts
       FROM collection_indexes i JOIN collections c ON c.id = i.collection_id WHERE ${BUILDING}`,
      [indexId],
    );
    return found ?? null;
  }

  missing(indexId: string, most: number): Promise<Missing[]> {
    return this.db.query<Missing[]>(
      `SELECT d.id, d.title FROM collection_indexes i JOIN documents d ON d.collection_id = i.collection_id
       WHERE i.id = $1 AND i.state = 'building' AND d.current AND d.deleted_at IS NULL
         AND NOT EXISTS (SELECT FROM document_indexes p WHERE p.document_id = d.id AND p.index_id = i.id)
       ORDER BY d.id LIMIT $2`,
      [indexId, most],
    );
  }

  /** Whether the index is still being built, and the document still searched. */
  async wants(indexId: string, documentId: string): Promise<boolean> {
    return (await this.db.query<unknown[]>(WANTED, [indexId, documentId])).length > 0;
  }

  /** The index has it, if that is still wanted: both may have given way to others meanwhile. */
  publish(indexId: string, documentId: string): Promise<void> {
    return this.db.transaction(async (tx) => {
      const [wanted] = await tx.query<unknown[]>(`${WANTED} FOR NO KEY UPDATE OF c, d`, [indexId, documentId]);
      if (!wanted) return this.indexes.discard(tx, indexId, documentId);
      await this.indexes.publish(tx, indexId, documentId);
      await tx.query('UPDATE collection_indexes SET attempts = 0 WHERE id = $1 AND attempts > 0', [indexId]);
    });
  }

  /**
   * The index answers from now on, in place of the one that did, which is retired; counts and tokens of the documents are
   * those of its chunks. False while it lacks a document, or when it is no longer being built.
   */
  switchOver(indexId: string): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      const [ready] = await tx.query<{ collectionId: string }[]>(
        `SELECT c.id AS "collectionId" FROM collection_indexes i JOIN collections c ON c.id = i.collection_id
         WHERE ${BUILDING} FOR NO KEY UPDATE OF c`,
        [indexId],
      );
      if (!ready) return false;
      // Asked only now that nothing can be published in between.
      const [lacking] = await tx.query<unknown[]>(
        `SELECT 1 FROM collection_indexes i WHERE i.id = $1 AND EXISTS (${MISSING})`,
        [indexId],
      );
      if (lacking) return false;
      await tx.query(`UPDATE collection_indexes SET state = 'retired' WHERE collection_id = $1 AND state = 'active'`, [
        ready.collectionId,
      ]);
      await tx.query(`UPDATE collection_indexes SET state = 'active', error_code = NULL, error = NULL WHERE id = $1`, [
        indexId,
      ]);
      await tx.query(
        `UPDATE documents d SET chunks = k.chunks, tokens = k.tokens
         FROM (SELECT document_id, count(*)::int AS chunks, sum(tokens) AS tokens FROM chunks WHERE index_id = $1
           GROUP BY document_id) k
         WHERE d.id = k.document_id AND d.current`,
        [indexId],
      );
      return true;
    });
  }

  /** Why it does not go on. @param afterMs when it is tried again; null: not before the next change of the collection */
  async fail(
    indexId: string,
    { code, message }: { code: string; message: string },
    afterMs: number | null,
  ): Promise<void> {
    await this.db.query(
      `UPDATE collection_indexes SET attempts = attempts + 1, error_code = $2, error = $3, enqueued_at = NULL,
         next_attempt_at = now() + make_interval(secs => $4::float8 / 1000)
       WHERE id = $1 AND state = 'building'`,
      [indexId, code, message, afterMs],
    );
  }
}
