import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { newId } from '../../platform/common/ids';
import { type Transaction } from '../../platform/database/transaction';
import { type ChunkSpan } from '../chunks.types';
import { type ChunkVector } from './vector-index.types';
import { fromBytes, toBytes } from './vectors';

/** An index that is written into. */
export interface WrittenIndex {
  id: string;
  workspaceId: string;
  collectionId: string;
  /** Null while nobody has told how many numbers a vector of the model has: the first one does. */
  dimensions: number | null;
}

/** `blanks`: what stands between it and the chunk before, where that is only blanks, and few. */
export type ChunkText = ChunkSpan & { text: string; blanks: string };

/** Chunks whose rows were deleted, by the length of their vectors. */
export interface DeletedChunks {
  dimensions: number;
  ids: string[];
}

/** What was deleted, for the vector index to let go of. */
const DELETED = `
  WITH gone AS (DELETE FROM chunks WHERE CONDITION RETURNING id, index_id)
  SELECT dimensions, array_agg(gone.id) AS ids FROM gone JOIN collection_indexes i ON i.id = index_id
  WHERE dimensions IS NOT NULL GROUP BY dimensions`;

/** Rows of chunks with their vectors: the truth that every index is made of. */
@Injectable()
export class ChunksRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  transaction<T>(run: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.db.transaction(run);
  }

  /** A worker that was taken for dead may still write when another does. */
  async takeTurns(tx: Transaction, indexId: string, documentId: string): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`chunks ${indexId} ${documentId}`]);
  }

  /** The writing of a document stays its writer's until the end of `tx`; false when it isn't any more. */
  async hold(tx: Transaction, sourceId: string): Promise<boolean> {
    return (
      (await tx.query<unknown[]>('SELECT 1 FROM indexed_documents WHERE id = $1 FOR SHARE', [sourceId])).length > 0
    );
  }

  async isHeld(sourceId: string): Promise<boolean> {
    return (await this.db.query<unknown[]>('SELECT 1 FROM indexed_documents WHERE id = $1', [sourceId])).length > 0;
  }

  /** Of the first who tells. Returns what they are. */
  async ensureDimensions(indexId: string, dimensions: number): Promise<number> {
    const [rows] = await this.db.query<[{ dimensions: number }[], number]>(
      'UPDATE collection_indexes SET dimensions = coalesce(dimensions, $2) WHERE id = $1 RETURNING dimensions',
      [indexId, dimensions],
    );
    return rows[0]?.dimensions ?? dimensions;
  }

  /** @param from how many chunks the document has before these. @returns their ids, in their order */
  async insert(
    tx: Transaction,
    index: WrittenIndex,
    documentId: string,
    from: number,
    chunks: readonly ChunkText[],
    vectors: readonly Float32Array[],
  ): Promise<string[]> {
    const ids = chunks.map(newId);
    // Lists of different lengths are no array of PostgreSQL's: heading paths go as JSON.
    await tx.query(
      `INSERT INTO chunks (workspace_id, collection_id, index_id, document_id, id, ordinal, start_at, end_at, page,
         heading_path, tokens, text, blanks)
       SELECT $1, $2, $3, $4, id, ordinal, start_at, end_at, page,
         ARRAY(SELECT jsonb_array_elements_text(headings)), tokens, text, blanks
       FROM unnest($5::uuid[], $6::int[], $7::int[], $8::int[], $9::int[], $10::jsonb[], $11::int[], $12::text[], $13::text[])
         AS chunk (id, ordinal, start_at, end_at, page, headings, tokens, text, blanks)`,
      [
        index.workspaceId,
        index.collectionId,
        index.id,
        documentId,
        ids,
        chunks.map((_, i) => from + i),
        chunks.map(({ start }) => start),
        chunks.map(({ end }) => end),
        chunks.map(({ page }) => page),
        chunks.map(({ headingPath }) => JSON.stringify(headingPath)),
        chunks.map(({ tokens }) => tokens),
        chunks.map(({ text }) => text),
        chunks.map(({ blanks }) => blanks),
      ],
    );
    await tx.query('INSERT INTO chunk_vectors (chunk_id, vector) SELECT * FROM unnest($1::uuid[], $2::bytea[])', [
      ids,
      vectors.map(toBytes),
    ]);
    return ids;
  }

  /** What a document has in one index. */
  async deleteWritten(tx: Transaction, indexId: string, documentId: string): Promise<DeletedChunks[]> {
    await tx.query('DELETE FROM indexed_documents WHERE index_id = $1 AND document_id = $2', [indexId, documentId]);
    return tx.query(DELETED.replace('CONDITION', 'index_id = $1 AND document_id = $2'), [indexId, documentId]);
  }

  /** What a document has in any index. */
  async deleteOfDocument(tx: Transaction, documentId: string): Promise<DeletedChunks[]> {
    await tx.query('DELETE FROM document_indexes WHERE document_id = $1', [documentId]);
    await tx.query('DELETE FROM indexed_documents WHERE document_id = $1', [documentId]);
    return tx.query(DELETED.replace('CONDITION', 'document_id = $1'), [documentId]);
  }

  /** A document of an index, whichever is next; null when there is none left. */
  async nextIn(indexId: string): Promise<string | null> {
    const [row] = await this.db.query<{ document_id: string }[]>(
      `SELECT document_id FROM indexed_documents WHERE index_id = $1
       UNION ALL SELECT document_id FROM chunks WHERE index_id = $1 LIMIT 1`,
      [indexId],
    );
    return row?.document_id ?? null;
  }

  /** Nobody finds anything in it from the commit on. */
  async unpublishAll(indexId: string): Promise<void> {
    await this.db.query('DELETE FROM document_indexes WHERE index_id = $1', [indexId]);
  }

  /** From the commit on it is found, as soon as its document is current. Writing it twice is writing it once. */
  async publish(tx: Transaction, indexId: string, documentId: string): Promise<void> {
    await tx.query(
      `INSERT INTO document_indexes (document_id, index_id, chunks)
       SELECT document_id, index_id, chunks FROM indexed_documents WHERE index_id = $1 AND document_id = $2
       ON CONFLICT (document_id, index_id) DO UPDATE SET chunks = excluded.chunks`,
      [indexId, documentId],
    );
  }

  async isPublished(tx: Transaction, indexId: string, documentId: string): Promise<boolean> {
    const sql = 'SELECT 1 FROM document_indexes WHERE index_id = $1 AND document_id = $2';
    return (await tx.query<unknown[]>(sql, [indexId, documentId])).length > 0;
  }

  /** All chunks in the order of their ids, after one; for making a vector index again. */
  async vectorsAfter(chunkId: string, limit: number): Promise<(ChunkVector & { indexId: string })[]> {
    const rows = await this.db.query<{ id: string; index_id: string; document_id: string; vector: Buffer }[]>(
      `SELECT c.id, index_id, document_id, vector FROM chunk_vectors v JOIN chunks c ON c.id = v.chunk_id
       WHERE chunk_id > $1 ORDER BY chunk_id LIMIT $2`,
      [chunkId, limit],
    );
    return rows.map((row) => ({
      chunkId: row.id,
      indexId: row.index_id,
      documentId: row.document_id,
      vector: fromBytes(row.vector),
    }));
  }

  /** The driver that holds all vectors; null before the first. */
  async builtWith(): Promise<string | null> {
    const [row] = await this.db.query<{ driver: string }[]>('SELECT driver FROM vector_driver');
    return row?.driver ?? null;
  }

  async setBuiltWith(driver: string): Promise<void> {
    await this.db.query(
      'INSERT INTO vector_driver (driver) VALUES ($1) ON CONFLICT (one) DO UPDATE SET driver = excluded.driver',
      [driver],
    );
  }
}
