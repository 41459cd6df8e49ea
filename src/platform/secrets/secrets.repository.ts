import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Transaction } from '../database/transaction';

/** A row of `secrets`. */
export interface StoredSecret {
  id: string;
  workspace_id: string;
  key_id: string;
  ciphertext: Buffer;
}

const COLUMNS = 'id, workspace_id, key_id, ciphertext';

@Injectable()
export class SecretsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  async add(tx: Transaction, secret: StoredSecret): Promise<void> {
    await tx.query(`INSERT INTO secrets (${COLUMNS}) VALUES ($1, $2, $3, $4)`, [
      secret.id,
      secret.workspace_id,
      secret.key_id,
      secret.ciphertext,
    ]);
  }

  async find(workspaceId: string, id: string): Promise<StoredSecret | null> {
    const [row] = await this.db.query<StoredSecret[]>(
      `SELECT ${COLUMNS} FROM secrets WHERE workspace_id = $1 AND id = $2`,
      [workspaceId, id],
    );
    return row ?? null;
  }

  async delete(tx: Transaction, workspaceId: string, id: string): Promise<void> {
    await tx.query('DELETE FROM secrets WHERE workspace_id = $1 AND id = $2', [workspaceId, id]);
  }

  /** Of all workspaces, in the order of their ids, those after one. */
  after(id: string | null, most: number): Promise<StoredSecret[]> {
    return this.db.query<StoredSecret[]>(
      `SELECT ${COLUMNS} FROM secrets WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`,
      [id, most],
    );
  }

  /**
   * Seals anew, in one transaction, up to `most` rows after `id` that are under another key than `keyId`. Whoever does the
   * same waits, and passes over what is done.
   * @param reseal null for a row that is left as it is
   * @returns the rows that were looked at, in the order of their ids, and whether each was sealed anew
   */
  resealAfter(
    id: string | null,
    keyId: string,
    most: number,
    reseal: (secret: StoredSecret) => Buffer | null,
  ): Promise<{ id: string; done: boolean }[]> {
    return this.db.transaction(async (tx) => {
      const rows = await tx.query<StoredSecret[]>(
        `SELECT ${COLUMNS} FROM secrets WHERE key_id <> $1 AND ($2::uuid IS NULL OR id > $2)
         ORDER BY id LIMIT $3 FOR UPDATE`,
        [keyId, id, most],
      );
      const sealed = rows.map((row) => ({ id: row.id, ciphertext: reseal(row) }));
      for (const { id: one, ciphertext } of sealed) {
        if (ciphertext) {
          await tx.query('UPDATE secrets SET key_id = $2, ciphertext = $3 WHERE id = $1', [one, keyId, ciphertext]);
        }
      }
      return sealed.map(({ id: one, ciphertext }) => ({ id: one, done: ciphertext !== null }));
    });
  }
}
