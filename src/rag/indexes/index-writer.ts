import { type Transaction } from '../../platform/database/transaction';
import { type ChunksRepository, type ChunkText, type WrittenIndex } from './chunks.repository';
import { type LexicalRepository } from './lexical.repository';
import { type VectorIndex } from './vector-index.types';
import { unit } from './vectors';

/** Somebody else writes the document into the index by now, or it was taken out of it: what is missing won't be written. */
export class Superseded extends Error {
  override name = 'Superseded';
}

/**
 * Writes a document into an index, group by group, so that no more of it is held than a group. Nobody finds it before it
 * is ended and published. It holds a row, which the next who begins the same document takes away: everything here throws
 * `Superseded` from then on.
 */
export class IndexWriter {
  private written = 0;
  private dimensions: number | null;

  constructor(
    private readonly index: WrittenIndex,
    private readonly document: { id: string; title: string },
    private readonly sourceId: string,
    private readonly chunks: ChunksRepository,
    private readonly lexical: LexicalRepository,
    private readonly vectors: VectorIndex,
  ) {
    this.dimensions = index.dimensions;
  }

  /** The next chunks: their rows, then what the vector index has of them. @param vectors one for each, of the index's dimensions, of any length */
  async add(chunks: readonly ChunkText[], vectors: readonly Float32Array[]): Promise<void> {
    if (vectors.length !== chunks.length) throw new Error(`${vectors.length} vectors for ${chunks.length} chunks`);
    const dimensions = await this.dimensionsFor(vectors);
    const units = vectors.map(unit);
    try {
      const ids = await this.whileHeld((tx) =>
        this.chunks.insert(tx, this.index, this.document.id, this.written, chunks, units),
      );
      await this.vectors.add(
        { id: this.index.id, dimensions },
        units.map((vector, i) => ({ chunkId: ids[i] ?? '', documentId: this.document.id, vector })),
      );
      this.written += chunks.length;
    } catch (error) {
      if (await this.chunks.isHeld(this.sourceId)) throw error;
      throw new Superseded(); // its rows went while it used them
    }
  }

  /** The words of all chunks. From now on it can be published. */
  end(): Promise<void> {
    return this.whileHeld((tx) => this.lexical.write(tx, this.sourceId, this.document.title));
  }

  private async dimensionsFor(vectors: readonly Float32Array[]): Promise<number> {
    const wanted = (this.dimensions ??= await this.chunks.ensureDimensions(this.index.id, vectors[0]?.length ?? 0));
    const odd = vectors.find(({ length }) => length !== wanted);
    if (odd) throw new Error(`a vector of ${odd.length} dimensions for an index of ${wanted}`);
    return wanted;
  }

  private whileHeld<T>(write: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.chunks.transaction(async (tx) => {
      if (!(await this.chunks.hold(tx, this.sourceId))) throw new Superseded();
      return write(tx);
    });
  }
}
