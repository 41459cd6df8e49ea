import { type Transaction } from '../../platform/database/transaction';
import { type Scope, type Scored, type SearchedIndex } from '../search.types';

/** An index that holds vectors. */
export interface VectorsOf {
  id: string;
  dimensions: number;
}

/** @param vector of unit length */
export interface ChunkVector {
  chunkId: string;
  documentId: string;
  vector: Float32Array;
}

/**
 * Finds chunks by their vectors. What it holds is made of `chunk_vectors` and can be made again from them; what it finds is
 * what a search may see, whatever else it holds. Adding a driver: its file, and its name in `vector-index.ts`.
 */
export interface VectorIndex {
  readonly name: string;

  /** Makes what it needs; called once, before anything else. */
  prepare(): Promise<void>;

  /** Holds these too. Chunks it knows already are replaced, so that it may be repeated. Their rows are there. */
  add(index: VectorsOf, chunks: readonly ChunkVector[]): Promise<void>;

  /** Lets go of chunks whose rows are being deleted in `tx`. */
  remove(tx: Transaction, dimensions: number, chunkIds: readonly string[]): Promise<void>;

  /** The chunks of an index nearest to a vector of unit length, by cosine, best first. */
  nearest(scope: Scope, index: SearchedIndex, vector: Float32Array, limit: number): Promise<Scored[]>;
}
