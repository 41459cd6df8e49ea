import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Scope, type Scored, type SearchedIndex } from '../search.types';
import { vectorTraits } from '../vector-models';
import { Parameters } from './parameters';
import { signCode } from './rotation';
import { type ChunkVector, type VectorIndex, type VectorsOf } from './vector-index.types';
import { dot, fromBytes } from './vectors';
import { visibleDocuments } from './visible';

/**
 * Plain PostgreSQL: all codes of an index are compared by the number of bits in which they differ, and the nearest of them
 * exactly by their vectors. The time grows with the index: for up to about 10⁵ chunks.
 */
@Injectable()
export class QuantizedVectors implements VectorIndex {
  readonly name = 'quantized';

  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** Migrations made its table. */
  async prepare(): Promise<void> {
    return Promise.resolve();
  }

  async add(index: VectorsOf, chunks: readonly ChunkVector[]): Promise<void> {
    await this.db.query(
      `INSERT INTO chunk_codes (index_id, chunk_id, document_id, code)
       SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::varbit[])
       ON CONFLICT (chunk_id) DO UPDATE SET code = excluded.code`,
      [
        index.id,
        chunks.map(({ chunkId }) => chunkId),
        chunks.map(({ documentId }) => documentId),
        chunks.map(({ vector }) => signCode(vector)),
      ],
    );
  }

  /** Codes go with the rows of their chunks. */
  async remove(): Promise<void> {
    return Promise.resolve();
  }

  async nearest(scope: Scope, index: SearchedIndex, vector: Float32Array, limit: number): Promise<Scored[]> {
    const parameters = new Parameters();
    const candidates = Math.max(vectorTraits(index.model).candidates, limit);
    const found = await this.db.query<{ chunk_id: string; vector: Buffer }[]>(
      `WITH visible AS MATERIALIZED (${visibleDocuments({ ...scope, indexIds: [index.id] }, parameters)}),
       nearest AS MATERIALIZED (
         SELECT chunk_id FROM chunk_codes
         WHERE index_id = ${parameters.add(index.id)} AND document_id IN (SELECT document_id FROM visible)
         ORDER BY bit_count(code # ${parameters.add(signCode(vector))}::varbit)
         LIMIT ${parameters.add(candidates)})
       SELECT chunk_id, vector FROM nearest JOIN chunk_vectors USING (chunk_id)`,
      parameters.values,
    );
    return found
      .map(({ chunk_id, vector: bytes }) => ({ chunkId: chunk_id, score: dot(vector, fromBytes(bytes)) }))
      .sort((a, b) => b.score - a.score || (a.chunkId < b.chunkId ? -1 : 1))
      .slice(0, limit);
  }
}
