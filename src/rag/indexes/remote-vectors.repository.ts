import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Transaction } from '../../platform/database/transaction';
import { type Scope } from '../search.types';
import { Parameters } from './parameters';
import { visibleDocuments } from './visible';

export interface Removal {
  id: string;
  dimensions: number;
  chunkIds: string[];
}

/** What a vector index outside the database needs of it: what a search may see, and what it still has to let go of. */
@Injectable()
export class RemoteVectorsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** The documents a search may see; null when they are more than `most`. */
  async visibleDocuments(scope: Scope, most: number): Promise<string[] | null> {
    const parameters = new Parameters();
    const rows = await this.db.query<{ document_id: string }[]>(
      `SELECT document_id FROM (${visibleDocuments(scope, parameters)}) AS visible LIMIT ${parameters.add(most + 1)}`,
      parameters.values,
    );
    return rows.length > most ? null : rows.map(({ document_id }) => document_id);
  }

  /** Those of the chunks that a search may see. */
  async visibleChunks(scope: Scope, chunkIds: readonly string[]): Promise<Set<string>> {
    const parameters = new Parameters();
    const rows = await this.db.query<{ id: string }[]>(
      `SELECT c.id FROM chunks c
       JOIN (${visibleDocuments(scope, parameters)}) AS visible USING (document_id, index_id)
       WHERE c.id = ANY (${parameters.add(chunkIds)}::uuid[])`,
      parameters.values,
    );
    return new Set(rows.map(({ id }) => id));
  }

  async addRemoval(tx: Transaction, dimensions: number, chunkIds: readonly string[]): Promise<void> {
    await tx.query('INSERT INTO vector_removals (dimensions, chunk_ids) VALUES ($1, $2)', [dimensions, chunkIds]);
  }

  async removals(limit: number): Promise<Removal[]> {
    const rows = await this.db.query<{ id: string; dimensions: number; chunk_ids: string[] }[]>(
      'SELECT id, dimensions, chunk_ids FROM vector_removals ORDER BY id LIMIT $1',
      [limit],
    );
    return rows.map(({ chunk_ids, ...row }) => ({ ...row, chunkIds: chunk_ids }));
  }

  async deleteRemoval(id: string): Promise<void> {
    await this.db.query('DELETE FROM vector_removals WHERE id = $1', [id]);
  }
}
