import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service';
import { AccountsService } from '../workspaces/accounts.service';
import { type Person } from './auth.types';

type Changed = Pick<Person, 'id' | 'tokenVersion'>;

@Injectable()
export class PasswordsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly accounts: AccountsService,
    private readonly audit: AuditService,
  ) {}

  /** Expired tokens of the user go on the occasion. What the operator does is in the audit log. */
  addReset(userId: string, tokenHash: Buffer, by: 'user' | 'operator'): Promise<void> {
    return this.db.transaction(async (tx) => {
      await tx.query(
        `WITH swept AS (DELETE FROM password_resets WHERE user_id = $1 AND expires_at < now())
         INSERT INTO password_resets (token_hash, user_id, expires_at) VALUES ($2, $1, now() + interval '1 hour')`,
        [userId, tokenHash],
      );
      if (by === 'user') return;
      const target = { type: 'user', id: userId };
      await this.audit.record(tx, null, { action: 'user.password_reset_issued', workspaceId: null, target });
    });
  }

  /** Uses up the token. Null when it is unknown, expired or was used, also at this moment. */
  reset(tokenHash: Buffer, passwordHash: string): Promise<Changed | null> {
    return this.db.transaction(async (tx) => {
      // The user first: two tokens of one user would otherwise wait for each other.
      const [user] = await tx.query<{ id: string }[]>(
        `SELECT u.id FROM users u JOIN password_resets r ON r.user_id = u.id WHERE r.token_hash = $1
         FOR NO KEY UPDATE OF u`,
        [tokenHash],
      );
      const [, used] = await tx.query<[unknown[], number]>(
        'DELETE FROM password_resets WHERE token_hash = $1 AND expires_at > now()',
        [tokenHash],
      );
      return user && used > 0 ? this.set(tx, user.id, passwordHash) : null;
    });
  }

  /** Deletes up to `most` tokens whose time is over. Returns how many. */
  async deleteExpiredResets(most: number): Promise<number> {
    const [, deleted] = await this.db.query<[unknown[], number]>(
      `DELETE FROM password_resets WHERE token_hash IN (
         SELECT token_hash FROM password_resets WHERE expires_at < now()
         ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [most],
    );
    return deleted;
  }

  /** Null when the password was changed since the token version was read. */
  change({ id, tokenVersion }: Person, passwordHash: string): Promise<Changed | null> {
    return this.db.transaction((tx) => this.set(tx, id, passwordHash, tokenVersion));
  }

  /** A new password ends what the old one began: sessions, access tokens, resets. API keys stay. */
  private async set(
    tx: EntityManager,
    userId: string,
    passwordHash: string,
    tokenVersion?: number,
  ): Promise<Changed | null> {
    const [[person]] = await tx.query<[Changed[], number]>(
      `UPDATE users SET password_hash = $2, token_version = token_version + 1, updated_at = now()
       WHERE id = $1 AND ($3::int IS NULL OR token_version = $3)
       RETURNING id, token_version AS "tokenVersion"`,
      [userId, passwordHash, tokenVersion ?? null],
    );
    if (!person) return null;
    await tx.query('DELETE FROM sessions WHERE user_id = $1', [userId]);
    await tx.query('DELETE FROM password_resets WHERE user_id = $1', [userId]);
    await tx.query(...this.accounts.announcement(userId));
    return person;
  }
}
