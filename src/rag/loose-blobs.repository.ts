import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** Longer than any upload takes. */
const UNCLAIMED = `interval '1 day'`;

/** Keys of blobs that no document has: not yet, or no longer. Whatever a crash leaves is found here and deleted. */
@Injectable()
export class LooseBlobsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** Before the first byte is stored. */
  async expect(key: string): Promise<void> {
    await this.db.query(`INSERT INTO loose_blobs (key, delete_after) VALUES ($1, now() + ${UNCLAIMED})`, [key]);
  }

  /** Nobody will claim these any more; those that were claimed are not here. Returns how many are to be deleted. */
  async release(keys: readonly string[]): Promise<number> {
    const [, released] = await this.db.query<[unknown, number]>(
      'UPDATE loose_blobs SET delete_after = now() WHERE key = ANY ($1)',
      [keys],
    );
    return released;
  }

  /** Those to be deleted now, of which there may be more. */
  async due(most: number): Promise<string[]> {
    const rows = await this.db.query<{ key: string }[]>(
      'SELECT key FROM loose_blobs WHERE delete_after <= now() ORDER BY delete_after LIMIT $1',
      [most],
    );
    return rows.map(({ key }) => key);
  }

  /** After it was deleted. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.db.query('DELETE FROM loose_blobs WHERE key = ANY ($1)', [keys]);
  }
}
