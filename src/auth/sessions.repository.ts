import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { suspended } from '../platform/common/auth/access.errors';
import { type Session } from './auth.types';

/** A refresh token not used for so long ends its session. */
const LIFE = `now() + interval '30 days'`;

@Injectable()
export class SessionsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /**
   * False when the password was changed since the token version was read: the share lock makes this wait for a change under
   * way, and a change wait for this, whose session it then ends. Expired sessions of the user go on the occasion.
   */
  async start({ id, userId, tokenVersion }: Session, tokenHash: Buffer): Promise<boolean> {
    const started = await this.db.query<unknown[]>(
      `WITH swept AS (DELETE FROM sessions WHERE user_id = $2 AND expires_at < now()),
            opened AS (
              INSERT INTO sessions (id, user_id, expires_at)
              SELECT $1, id, ${LIFE} FROM users WHERE id = $2 AND token_version = $3 FOR SHARE
              RETURNING id, expires_at)
       INSERT INTO refresh_tokens (token_hash, session_id, expires_at) SELECT $4, id, expires_at FROM opened
       RETURNING session_id`,
      [id, userId, tokenVersion, tokenHash],
    );
    return started.length > 0;
  }

  /**
   * Exchanges a refresh token. Null when it can't be; when it was used before, its session ends. All changes of a
   * session take turns on its row, so that of two exchanges at once the second finds the token used, and no token is
   * added to a session that ended.
   */
  rotate(tokenHash: Buffer, nextHash: Buffer): Promise<Session | null> {
    return this.db.transaction(async (tx) => {
      const [[session]] = await tx.query<[(Session & { suspended: boolean })[], number]>(
        `UPDATE sessions s SET expires_at = ${LIFE} FROM refresh_tokens t, users u
         WHERE t.token_hash = $1 AND s.id = t.session_id AND s.expires_at > now() AND u.id = s.user_id
         RETURNING s.id, s.user_id AS "userId", u.token_version AS "tokenVersion",
           u.suspended_at IS NOT NULL AS suspended`,
        [tokenHash],
      );
      if (!session) return null;
      if (session.suspended) throw suspended(); // and the token stays good for later
      const [, spent] = await tx.query<[unknown[], number]>(
        'UPDATE refresh_tokens SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()',
        [tokenHash],
      );
      if (spent === 0) {
        await tx.query('DELETE FROM sessions WHERE id = $1', [session.id]);
        return null;
      }
      await tx.query(
        `WITH swept AS (DELETE FROM refresh_tokens WHERE session_id = $1 AND expires_at < now())
         INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES ($2, $1, ${LIFE})`,
        [session.id, nextHash],
      );
      return session;
    });
  }

  /** Ends the session a refresh token belongs to, if it is that user's. */
  async end(userId: string, tokenHash: Buffer): Promise<void> {
    await this.db.query(
      `DELETE FROM sessions s USING refresh_tokens t
       WHERE t.token_hash = $2 AND s.id = t.session_id AND s.user_id = $1`,
      [userId, tokenHash],
    );
  }

  /** Deletes up to `most` sessions whose time is over, with their tokens. Returns how many. Passes over what is in use. */
  async deleteExpired(most: number): Promise<number> {
    const [, deleted] = await this.db.query<[unknown[], number]>(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE expires_at < now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [most],
    );
    return deleted;
  }

  /** The same for tokens that have expired in sessions that live on. */
  async deleteExpiredTokens(most: number): Promise<number> {
    const [, deleted] = await this.db.query<[unknown[], number]>(
      `DELETE FROM refresh_tokens WHERE token_hash IN (
         SELECT token_hash FROM refresh_tokens WHERE expires_at < now()
         ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [most],
    );
    return deleted;
  }
}
