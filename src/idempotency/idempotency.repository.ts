import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { toJsonb } from '../platform/database/jsonb';
import { type Transaction } from '../platform/database/transaction';
import { type KeptAnswer, type KeyedRequest } from './idempotency.types';

const KEPT_HOURS = 24;
/** A lease not renewed for so long belongs to a dead process. */
const LEASE_SECONDS = 10;
const LEASE = `now() + make_interval(secs => ${LEASE_SECONDS})`;

const parameters = ({ workspaceId, principalId, route, key }: KeyedRequest) => [workspaceId, principalId, route, key];

/** Of a key that is taken. `status` is null while its request is worked on. */
export interface TakenKey {
  fingerprint: Buffer;
  status: number | null;
  headers: Record<string, string> | null;
  /** Gzipped; null when it was too long to keep. */
  body: Buffer | null;
}

@Injectable()
export class IdempotencyRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /**
   * Takes a key that is free, that has expired, or whose request was given up: by a process that died, or after it had begun
   * something. False when it is taken.
   */
  async claim(request: KeyedRequest, claim: string): Promise<boolean> {
    const rows = await this.db.query<unknown[]>(
      `INSERT INTO idempotency_keys AS taken
         (workspace_id, principal_id, route, key, fingerprint, claim, lease_expires_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, ${LEASE}, now() + make_interval(hours => ${KEPT_HOURS}))
       ON CONFLICT (workspace_id, principal_id, route, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint,
         claim = EXCLUDED.claim, lease_expires_at = EXCLUDED.lease_expires_at, expires_at = EXCLUDED.expires_at,
         status = NULL, headers = NULL, body = NULL, began = CASE WHEN taken.expires_at > now() THEN taken.began END
       WHERE (taken.expires_at <= now() AND coalesce(taken.lease_expires_at <= now(), true))
         OR (taken.lease_expires_at <= now() AND taken.fingerprint = EXCLUDED.fingerprint)
       RETURNING claim`,
      [...parameters(request), request.fingerprint, claim],
    );
    return rows.length > 0;
  }

  /** Null when it was let go meanwhile. */
  async find(request: KeyedRequest): Promise<TakenKey | null> {
    const [row] = await this.db.query<TakenKey[]>(
      `SELECT fingerprint, status, headers, body FROM idempotency_keys
       WHERE workspace_id = $1 AND principal_id = $2 AND route = $3 AND key = $4`,
      parameters(request),
    );
    return row ?? null;
  }

  async renew(claims: string[]): Promise<void> {
    await this.db.query(
      `UPDATE idempotency_keys SET lease_expires_at = ${LEASE} WHERE claim = ANY ($1) AND status IS NULL`,
      [claims],
    );
  }

  /** Keeps the answer; nothing when another process has taken the key from one that seemed dead. */
  async complete(
    claim: string,
    { status, headers, body }: Omit<KeptAnswer, 'body'> & { body: Buffer | null },
  ): Promise<void> {
    await this.db.query(
      `UPDATE idempotency_keys SET status = $2, headers = $3, body = $4, lease_expires_at = NULL
       WHERE claim = $1 AND status IS NULL`,
      [claim, status, toJsonb(headers), body],
    );
  }

  /** Lets a key go whose request came to nothing. One that began something is kept for the same request, which finds it. */
  async release(claim: string): Promise<void> {
    await this.db.query(
      `WITH kept AS (
         UPDATE idempotency_keys SET lease_expires_at = now() WHERE claim = $1 AND status IS NULL AND began IS NOT NULL)
       DELETE FROM idempotency_keys WHERE claim = $1 AND status IS NULL AND began IS NULL`,
      [claim],
    );
  }

  /** What the request that had this key before has begun. */
  async began(claim: string): Promise<string | null> {
    const [row] = await this.db.query<{ began: string | null }[]>(
      'SELECT began FROM idempotency_keys WHERE claim = $1',
      [claim],
    );
    return row?.began ?? null;
  }

  /** Keeps what is begun with it, in one transaction. False when another process has taken the key. */
  async begin(tx: Transaction, claim: string, id: string): Promise<boolean> {
    const [, kept] = await tx.query<[unknown, number]>('UPDATE idempotency_keys SET began = $2 WHERE claim = $1', [
      claim,
      id,
    ]);
    return kept > 0;
  }

  /** Returns how many, at most `limit`. */
  async deleteExpired(limit: number): Promise<number> {
    const [, deleted] = await this.db.query<[unknown, number]>(
      `DELETE FROM idempotency_keys WHERE claim IN (
         SELECT claim FROM idempotency_keys WHERE expires_at < now() AND coalesce(lease_expires_at < now(), true)
         ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return deleted;
  }
}
