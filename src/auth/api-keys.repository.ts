import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { type Changes } from '../audit/audit.types';
import { AccessRules, type Restrictions, RESTRICTIONS } from '../platform/common/auth/access-rules';
import { workspaceNotFound } from '../platform/common/auth/access.errors';
import { hasRole, type Role } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { type Transaction } from '../platform/database/transaction';
import { AccountsService } from '../workspaces/accounts.service';
import { restrictionsSql } from '../workspaces/restrictions.codec';
import {
  type ApiKey,
  type ApiKeySettings,
  type KnownApiKey,
  type LockedApiKey,
  type NewApiKey,
} from './api-keys.types';

const SHOWN = `id, name, prefix, scopes, workspace_id, user_id, expires_at, last_used_at, created_at, ${RESTRICTIONS.join(', ')}`;

/** What the audit log tells of a key. */
const RECORDED = ['name', 'prefix', 'scopes', 'user_id', 'expires_at', ...RESTRICTIONS] as const;

/** The keys a caller can reach: their own, an admin's all of the workspace's; a narrowed key none that may more. */
const REACHABLE = `workspace_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND ($3::text[] IS NULL OR scopes <@ $3)
  AND revoked_at IS NULL`;
const reach = ({ workspaceId, userId, role, scopes }: Principal) => [
  workspaceId,
  hasRole(role, 'admin') ? null : userId,
  scopes,
];

type KeyRow = Pick<ApiKey, 'id' | 'scopes' | 'workspace_id' | 'user_id' | 'expires_at' | 'last_used_at'> & {
  member_until: Date | null;
  role: Role;
  is_admin: boolean;
  tier: string | null;
  suspended: boolean;
  restrictions: Restrictions[];
};

@Injectable()
export class ApiKeysRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly accounts: AccountsService,
    private readonly audit: AuditService,
  ) {}

  /** Also an expired one. Null when it was revoked or its user is no longer in its workspace. */
  findByHash(keyHash: Buffer): Promise<KnownApiKey | null> {
    return this.findKnown('k.key_hash = $1', [keyHash]);
  }

  /** For what is done in its name later on. */
  findKnownById(id: string, workspaceId: string): Promise<KnownApiKey | null> {
    return this.findKnown('k.id = $1 AND k.workspace_id = $2', [id, workspaceId]);
  }

  private async findKnown(which: string, parameters: unknown[]): Promise<KnownApiKey | null> {
    const [row] = await this.db.query<KeyRow[]>(
      `SELECT k.id, k.scopes, k.workspace_id, k.user_id, k.expires_at, m.expires_at AS member_until, k.last_used_at, m.role, u.is_admin,
         coalesce(k.tier, u.tier, w.tier) AS tier,
         u.suspended_at IS NOT NULL OR w.suspended_at IS NOT NULL AS suspended,
         jsonb_build_array(${restrictionsSql('m')}, ${restrictionsSql('k')}) AS restrictions
       FROM api_keys k JOIN memberships m USING (workspace_id, user_id) JOIN users u ON u.id = k.user_id
         JOIN workspaces w ON w.id = k.workspace_id
       WHERE ${which} AND k.revoked_at IS NULL`,
      parameters,
    );
    if (!row) return null;
    return {
      principal: Object.freeze({
        userId: row.user_id,
        workspaceId: row.workspace_id,
        role: row.role,
        instanceAdmin: row.is_admin,
        apiKeyId: row.id,
        scopes: row.scopes,
        rules: new AccessRules(row.restrictions),
        tier: row.tier,
        ...(isRestricted(row) && { restrictedKey: true }),
      }),
      suspended: row.suspended,
      expiresAt: row.expires_at?.getTime() ?? Infinity,
      memberUntil: row.member_until?.getTime() ?? Infinity,
      lastNotedAt: row.last_used_at?.getTime() ?? 0,
    };
  }

  create(principal: Principal, { id, prefix, keyHash }: NewApiKey, settings: ApiKeySettings): Promise<ApiKey> {
    const { workspaceId, userId } = principal;
    return this.db.transaction(async (tx) => {
      await holdMembership(tx, principal);
      const [key] = await tx.query<[ApiKey]>(
        `INSERT INTO api_keys (id, workspace_id, user_id, prefix, key_hash, name, scopes, expires_at, ${RESTRICTIONS.join(', ')})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING ${SHOWN}`,
        [
          id,
          workspaceId,
          userId,
          prefix,
          keyHash,
          settings.name,
          settings.scopes,
          settings.expires_at,
          ...valuesOf(settings),
        ],
      );
      await this.record(tx, principal, 'api_key.created', id, changesOf(null, key, RECORDED));
      return key;
    });
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

  /** `change` is told the key as it is. */
  update(
    principal: Principal,
    id: string,
    change: (key: LockedApiKey) => Omit<ApiKeySettings, 'scopes'>,
  ): Promise<ApiKey | null> {
    return this.db.transaction(async (tx) => {
      const before = await lock(tx, principal, id);
      if (!before) return null;
      const { name, expires_at, ...restrictions } = change(before);
      const [[key]] = await tx.query<[[ApiKey], number]>(
        `UPDATE api_keys SET name = $2, expires_at = $3, (${RESTRICTIONS.join(', ')}) = ($4, $5, $6)
         WHERE id = $1 RETURNING ${SHOWN}`,
        [id, name, expires_at, ...valuesOf(restrictions)],
      );
      await tx.query(...this.accounts.announcement(key.user_id));
      await this.record(tx, principal, 'api_key.updated', id, changesOf(before, key, RECORDED));
      return key;
    });
  }

  revoke(principal: Principal, id: string): Promise<ApiKey | null> {
    return this.db.transaction(async (tx) => {
      const key = await lock(tx, principal, id);
      if (!key) return null;
      await tx.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [id]);
      await tx.query(...this.accounts.announcement(key.user_id));
      await this.record(tx, principal, 'api_key.revoked', id, changesOf(key, null, RECORDED));
      return key;
    });
  }

  /**
   * A key like the old one, which stops after the overlap. Null when the old one can't be rotated: expired, or rotated
   * before, also at this moment.
   */
  rotate(principal: Principal, oldId: string, next: NewApiKey, overlapSeconds: number): Promise<ApiKey | null> {
    return this.db.transaction(async (tx) => {
      await holdMembership(tx, principal);
      const [key] = await tx.query<ApiKey[]>(
        `WITH old AS (
           SELECT * FROM api_keys WHERE ${REACHABLE} AND id = $4 AND user_id = $5 AND replaced_by IS NULL
             AND (expires_at IS NULL OR expires_at > now()) FOR UPDATE),
         retired AS (
           UPDATE api_keys k SET replaced_by = $6, expires_at = least(k.expires_at, now() + make_interval(secs => $9))
           FROM old WHERE k.id = old.id)
         INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash, scopes, expires_at, tier, root_id, ${RESTRICTIONS.join(', ')})
         SELECT $6, workspace_id, user_id, name, $7, $8, scopes, expires_at, tier, coalesce(root_id, id), ${RESTRICTIONS.join(', ')} FROM old RETURNING ${SHOWN}`,
        [...reach(principal), oldId, principal.userId, next.id, next.prefix, next.keyHash, overlapSeconds],
      );
      if (!key) return null;
      await tx.query(...this.accounts.announcement(key.user_id));
      await this.record(tx, principal, 'api_key.rotated', oldId, changesOf({ ...key, id: oldId }, key, ['id']));
      return key;
    });
  }

  /** Those that somebody is changing, or deleting with their member, are left out. */
  async markUsed(ids: string[]): Promise<void> {
    await this.db.query(
      `UPDATE api_keys SET last_used_at = now() WHERE id IN (
         SELECT id FROM api_keys
         WHERE id = ANY ($1) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
         FOR NO KEY UPDATE SKIP LOCKED)`,
      [ids],
    );
  }

  private record(
    tx: Transaction,
    principal: Principal,
    action: `api_key.${string}`,
    id: string,
    changes: Changes,
  ): Promise<void> {
    const { workspaceId } = principal;
    return this.audit.record(tx, principal, { action, workspaceId, target: { type: 'api_key', id }, changes });
  }
}

const isRestricted = ({ expires_at, restrictions: [, own] }: KeyRow) =>
  expires_at !== null || RESTRICTIONS.some((name) => own?.[name] !== null);

/** Nobody is removed before the transaction ends: they would go first and their keys with them, the other way round than here. */
async function holdMembership(tx: Transaction, { workspaceId, userId }: Principal): Promise<void> {
  const [member] = await tx.query<unknown[]>(
    'SELECT 1 FROM memberships WHERE workspace_id = $1 AND user_id = $2 FOR KEY SHARE',
    [workspaceId, userId],
  );
  if (!member) throw workspaceNotFound();
}

const valuesOf = (restrictions: Restrictions) => RESTRICTIONS.map((name) => restrictions[name]);

/** The key as it is, which nobody else changes until the transaction ends. */
async function lock(tx: Transaction, principal: Principal, id: string): Promise<LockedApiKey | null> {
  const [key] = await tx.query<LockedApiKey[]>(
    `SELECT ${SHOWN}, replaced_by IS NOT NULL AS retired FROM api_keys WHERE ${REACHABLE} AND id = $4 FOR UPDATE`,
    [...reach(principal), id],
  );
  return key ?? null;
}
