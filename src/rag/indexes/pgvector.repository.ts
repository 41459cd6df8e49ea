import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Scope, type Scored, type SearchedIndex } from '../search.types';
import { Parameters } from './parameters';
import { type ChunkVector, type VectorIndex, type VectorsOf } from './vector-index.types';
import { visibleDocuments } from './visible';

/** pgvector's HNSW takes so many dimensions of `vector`, and twice as many of `halfvec`. */
const MOST = { vector: 2_000, halfvec: 4_000 };
/** Candidates an HNSW search keeps: more is more exact, and slower. */
const EF_SEARCH = 200;

/** PostgreSQL with the extension `vector`, 0.8 or later: approximate search in a graph of each length of vectors. */
@Injectable()
export class PgVectors implements VectorIndex {
  readonly name = 'pgvector';
  /** Lengths whose graph is there. */
  private readonly graphs = new Set<number>();

  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** Whether the server has the extension, or lets us create it. */
  async available(): Promise<boolean> {
    const [offered] = await this.db.query<{ installed: boolean }[]>(
      `SELECT installed_version IS NOT NULL AS installed FROM pg_available_extensions
       WHERE name = 'vector' AND string_to_array(coalesce(installed_version, default_version), '.')::int[] >= '{0,8}'`,
    );
    if (!offered || offered.installed) return Boolean(offered);
    try {
      await this.db.query('CREATE EXTENSION vector');
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE) return false;
      throw error;
    }
  }

  async prepare(): Promise<void> {
    await this.db.query(
      `CREATE TABLE IF NOT EXISTS chunk_embeddings (
         chunk_id uuid PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
         index_id uuid NOT NULL,
         document_id uuid NOT NULL,
         embedding vector NOT NULL
       );
       CREATE INDEX IF NOT EXISTS chunk_embeddings_index ON chunk_embeddings (index_id)`,
    );
  }

  async add(index: VectorsOf, chunks: readonly ChunkVector[]): Promise<void> {
    await this.ensureGraph(index.dimensions);
    await this.db.query(
      `INSERT INTO chunk_embeddings (index_id, chunk_id, document_id, embedding)
       SELECT $1, id, document_id, embedding::vector
       FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS chunk (id, document_id, embedding)
       ON CONFLICT (chunk_id) DO UPDATE SET embedding = excluded.embedding`,
      [
        index.id,
        chunks.map(({ chunkId }) => chunkId),
        chunks.map(({ documentId }) => documentId),
        chunks.map(({ vector }) => textOf(vector)),
      ],
    );
  }

  /** Embeddings go with the rows of their chunks. */
  async remove(): Promise<void> {
    return Promise.resolve();
  }

  /** The graph is walked on until enough is found that a search may see, or the server's limit is reached. */
  async nearest(scope: Scope, index: SearchedIndex, vector: Float32Array, limit: number): Promise<Scored[]> {
    const dimensions = vector.length;
    const parameters = new Parameters();
    const visible = visibleDocuments({ ...scope, indexIds: [index.id] }, parameters);
    const distance = `${columnOf(dimensions)} <=> ${parameters.add(textOf(vector))}::${typeOf(dimensions)}`;
    const rows = await this.db.transaction('READ COMMITTED', async (tx) => {
      await tx.query(`SET LOCAL hnsw.iterative_scan = 'relaxed_order'; SET LOCAL hnsw.ef_search = ${EF_SEARCH}`);
      return tx.query<{ chunk_id: string; distance: number }[]>(
        `WITH visible AS MATERIALIZED (${visible}),
         nearest AS MATERIALIZED (
           SELECT chunk_id, ${distance} AS distance FROM chunk_embeddings
           WHERE vector_dims(embedding) = ${dimensions} AND index_id = ${parameters.add(index.id)}
             AND document_id IN (SELECT document_id FROM visible)
           ORDER BY ${distance} LIMIT ${parameters.add(limit)})
         SELECT chunk_id, distance FROM nearest ORDER BY distance, chunk_id`,
        parameters.values,
      );
    });
    // A vector of zeros has no direction: its distance is not a number.
    return rows.map(({ chunk_id, distance: far }) => ({ chunkId: chunk_id, score: Number.isNaN(far) ? 0 : 1 - far }));
  }

  /** Lengths come with the first vectors of a model, so their graph is made then. */
  private async ensureGraph(dimensions: number): Promise<void> {
    if (this.graphs.has(dimensions) || dimensions > MOST.halfvec) return;
    await this.db.query(
      `CREATE INDEX IF NOT EXISTS chunk_embeddings_${dimensions} ON chunk_embeddings
       USING hnsw ((${columnOf(dimensions)}) ${typeOf(dimensions).replace(/\(.*/, '')}_cosine_ops)
       WHERE vector_dims(embedding) = ${dimensions}`,
    );
    this.graphs.add(dimensions);
  }
}

const INSUFFICIENT_PRIVILEGE = '42501';
const typeOf = (dimensions: number) => `${dimensions > MOST.vector ? 'halfvec' : 'vector'}(${dimensions})`;
const columnOf = (dimensions: number) => `embedding::${typeOf(dimensions)}`;
const textOf = (vector: Float32Array) => `[${vector.join(',')}]`;
