import { type PgVectors } from './pgvector.repository';
import { type QdrantVectors } from './qdrant';
import { type QuantizedVectors } from './quantized.repository';
import { type VectorIndex } from './vector-index.types';

export const VECTOR_INDEX = Symbol('VECTOR_INDEX');

/** Qdrant when it is configured, pgvector when the database server has it, else plain PostgreSQL. */
export async function vectorIndexOf(
  qdrant: QdrantVectors,
  pgvector: PgVectors,
  quantized: QuantizedVectors,
): Promise<VectorIndex> {
  if (qdrant.available) return qdrant;
  return (await pgvector.available()) ? pgvector : quantized;
}
