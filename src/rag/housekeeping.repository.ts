import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { IndexService } from './indexes/index.service';

/** What is left of deleted documents and collections. Every step is small, may be repeated, and leaves the rest to the next. */
@Injectable()
export class RagHousekeepingRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly indexes: IndexService,
  ) {}

  /** Indexes that nobody asks any more: retired, or of a deleted collection. */
  async unusedIndexes(most: number): Promise<string[]> {
    const rows = await this.db.query<{ id: string }[]>(
      `SELECT id FROM collection_indexes WHERE state = 'retired'
       UNION SELECT i.id FROM collection_indexes i JOIN collections c ON c.id = i.collection_id
       WHERE c.deleted_at IS NOT NULL LIMIT $1`,
      [most],
    );
    return rows.map(({ id }) => id);
  }

  async deleteIndex(id: string): Promise<void> {
    await this.indexes.drop(id);
    await this.db.query('DELETE FROM collection_indexes WHERE id = $1', [id]);
  }

  /** Rows of deleted documents; their bytes are loose from then on. Returns how many. */
  deleteDocuments(most: number): Promise<number> {
    return this.db.transaction(async (tx) => {
      const rows = await tx.query<{ id: string }[]>(
        `SELECT id FROM documents WHERE deleted_at IS NOT NULL
         UNION SELECT d.id FROM documents d JOIN collections c ON c.id = d.collection_id
         WHERE c.deleted_at IS NOT NULL LIMIT $1`,
        [most],
      );
      for (const { id } of rows) await this.indexes.remove(tx, id);
      await tx.query('DELETE FROM documents WHERE id = ANY ($1)', [rows.map(({ id }) => id)]);
      return rows.length;
    });
  }

  /** Those that have no documents left. Returns how many. */
  async deleteCollections(most: number): Promise<number> {
    const [, deleted] = await this.db.query<[unknown, number]>(
      `DELETE FROM collections WHERE id IN (SELECT id FROM collections c WHERE deleted_at IS NOT NULL
         AND NOT EXISTS (SELECT FROM documents WHERE collection_id = c.id) LIMIT $1)`,
      [most],
    );
    return deleted;
  }
}
