import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { hasRole, type Role } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { AccountsService } from '../workspaces/accounts.service';
import { type ApiKey, type KnownApiKey, type NewApiKey } from './api-keys.types';

const SHOWN = 'id, name, prefix, scopes, workspace_id, user_id, expires_at, last_used_at, created_at';

/** The keys a caller can reach: their own, an admin's all of the workspace's; a narrowed key none that may more. */
const REACHABLE = `workspace_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND ($3::text[] IS NULL OR scopes <@ $3)
  AND revoked_at IS NULL`;
const reach = ({ workspaceId, userId, role, scopes }: Principal) => [
  workspaceId,
  hasRole(role, 'admin') ? null : userId,
  scopes,
];

type KeyRow = Pick<ApiKey, 'id' | 'scopes' | 'workspace_id' | 'user_id' | 'expires_at' | 'last_used_at'> & {
  role: Role;
  is_admin: boolean;
};

@Injectable()
export class ApiKeysRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly accounts: AccountsService,
  ) {}

  /** Also an expired one. Null when it was revoked or its user is no longer in its workspace. */
  async findByHash(keyHash: Buffer): Promise<KnownApiKey | null> {
    const [row] = await this.db.query<KeyRow[]>(
      `SELECT k.id, k.scopes, k.workspace_id, k.user_id, k.expires_at, k.last_used_at, m.role, u.is_admin
       FROM api_keys k JOIN memberships m USING (workspace_id, user_id) JOIN users u ON u.id = k.user_id
       WHERE k.key_hash = $1 AND k.revoked_at IS NULL`,
      [keyHash],
    );
    if (!row) return null;
    const { id: apiKeyId, user_id: userId, workspace_id: workspaceId, role, is_admin: instanceAdmin, scopes } = row;
    return {
      principal: Object.freeze({ userId, workspaceId, role, instanceAdmin, apiKeyId, scopes, tier: null }),
      expiresAt: row.expires_at?.getTime() ?? Infinity,
      lastNotedAt: row.last_used_at?.getTime() ?? 0,
    };
  }

  async create(
    { workspaceId, userId }: Principal,
    { id, name, prefix, keyHash }: NewApiKey,
    scopes: readonly string[] | null,
    expiresAt: Date | null,
  ): Promise<ApiKey> {
    const [key] = await this.db.query<[ApiKey]>(
      `INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash, scopes, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${SHOWN}`,
      [id, workspaceId, userId, name, prefix, keyHash, scopes, expiresAt],
    );
    return key;
  }

  /** One more than the page holds. */
  list(principal: Principal, { limit, after, order }: PageQuery): Promise<ApiKey[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<ApiKey[]>(
      `SELECT ${SHOWN} FROM api_keys WHERE ${REACHABLE} AND ($4::uuid IS NULL OR id ${beyond} $4)
       ORDER BY id ${direction} LIMIT $5`,
      [...reach(principal), after ?? null, limit + 1],
    );
  }

  async find(principal: Principal, id: string): Promise<ApiKey | null> {
    const [key] = await this.db.query<ApiKey[]>(`SELECT ${SHOWN} FROM api_keys WHERE ${REACHABLE} AND id = $4`, [
      ...reach(principal),
      id,
    ]);
    return key ?? null;
  }

  async rename(principal: Principal, id: string, name: string): Promise<ApiKey | null> {
    const [[key]] = await this.db.query<[ApiKey[], number]>(
      `UPDATE api_keys SET name = $5 WHERE ${REACHABLE} AND id = $4 RETURNING ${SHOWN}`,
      [...reach(principal), id, name],
    );
    return key ?? null;
  }

  revoke(principal: Principal, id: string): Promise<ApiKey | null> {
    return this.db.transaction(async (tx) => {
      const [[key]] = await tx.query<[ApiKey[], number]>(
        `UPDATE api_keys SET revoked_at = now() WHERE ${REACHABLE} AND id = $4 RETURNING ${SHOWN}`,
        [...reach(principal), id],
      );
      if (!key) return null;
      await tx.query(...this.accounts.announcement(key.user_id));
      return key;
    });
  }

  /**
   * A key like the old one, which stops after the overlap. Null when the old one can't be rotated: expired, or rotated
   * before, also at this moment.
   */
  rotate(principal: Principal, oldId: string, next: NewApiKey, overlapSeconds: number): Promise<ApiKey | null> {
    return this.db.transaction(async (tx) => {
      const [key] = await tx.query<ApiKey[]>(
        `WITH old AS (
           SELECT * FROM api_keys WHERE ${REACHABLE} AND id = $4 AND user_id = $5 AND replaced_by IS NULL
             AND (expires_at IS NULL OR expires_at > now()) FOR UPDATE),
         retired AS (
           UPDATE api_keys k SET replaced_by = $6, expires_at = least(k.expires_at, now() + make_interval(secs => $9))
           FROM old WHERE k.id = old.id)
         INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash, scopes, expires_at)
         SELECT $6, workspace_id, user_id, name, $7, $8, scopes, expires_at FROM old RETURNING ${SHOWN}`,
        [...reach(principal), oldId, principal.userId, next.id, next.prefix, next.keyHash, overlapSeconds],
      );
      if (!key) return null;
      await tx.query(...this.accounts.announcement(key.user_id));
      return key;
    });
  }

  async markUsed(ids: string[]): Promise<void> {
    await this.db.query(
      `UPDATE api_keys SET last_used_at = now()
       WHERE id = ANY ($1) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
      [ids],
    );
  }
}
