import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { type Actor } from '../audit/audit.types';
import { AccountsService } from '../workspaces/accounts.service';
import { type SearchQuery } from './admin.dto';
import { eventsOf } from './admin.codec';
import {
  type AdminApiKey,
  type AdminUser,
  type AdminWorkspace,
  type UserChange,
  type WorkspaceChange,
} from './admin.types';

const USER = `id, email, name, is_admin AS instance_admin, suspended_at IS NOT NULL AS suspended, tier, created_at`;
const WORKSPACE = `id, name, personal_of IS NOT NULL AS personal, suspended_at IS NOT NULL AS suspended, tier, created_at,
  (SELECT count(*)::int FROM memberships m WHERE m.workspace_id = workspaces.id) AS members,
  (SELECT u.email FROM memberships m JOIN users u ON u.id = m.user_id
   WHERE m.workspace_id = workspaces.id AND m.role = 'owner' ORDER BY m.created_at, u.id LIMIT 1) AS owner`;
const API_KEY = 'id, name, prefix, workspace_id, user_id, tier';

/** The one place that reads and changes across all tenants. */
@Injectable()
export class AdminRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly accounts: AccountsService,
    private readonly audit: AuditService,
  ) {}

  /** Those whose address or name holds `q`. One more than the page holds. */
  users({ q, limit, after, order }: SearchQuery): Promise<AdminUser[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<AdminUser[]>(
      `SELECT ${USER} FROM users
       WHERE ($1::text IS NULL OR strpos(lower(email), lower($1)) > 0 OR strpos(lower(name), lower($1)) > 0)
         AND ($2::uuid IS NULL OR id ${beyond} $2) ORDER BY id ${direction} LIMIT $3`,
      [q ?? null, after ?? null, limit + 1],
    );
  }

  async findUserByEmail(email: string): Promise<AdminUser | null> {
    const [user] = await this.db.query<AdminUser[]>(`SELECT ${USER} FROM users WHERE lower(email) = lower($1)`, [
      email,
    ]);
    return user ?? null;
  }

  updateUser(actor: Actor, id: string, change: UserChange): Promise<AdminUser | null> {
    return this.db.transaction(async (tx) => {
      const [before] = await tx.query<AdminUser[]>(`SELECT ${USER} FROM users WHERE id = $1 FOR NO KEY UPDATE`, [id]);
      if (!before) return null;
      const wanted = { ...before, ...defined(change) };
      const [[after]] = await tx.query<[[AdminUser], number]>(
        `UPDATE users SET is_admin = $2, suspended_at = CASE WHEN $3 THEN coalesce(suspended_at, now()) END, tier = $4,
           updated_at = now() WHERE id = $1 RETURNING ${USER}`,
        [id, wanted.instance_admin, wanted.suspended, wanted.tier],
      );
      await tx.query(...this.accounts.announcement(id));
      for (const event of eventsOf({ type: 'user', id, workspaceId: null }, before, after)) {
        await this.audit.record(tx, actor, event);
      }
      return after;
    });
  }

  /** Those whose name, or the address of whose owner, holds `q`. One more than the page holds. */
  workspaces({ q, limit, after, order }: SearchQuery): Promise<AdminWorkspace[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<AdminWorkspace[]>(
      `SELECT * FROM (SELECT ${WORKSPACE} FROM workspaces) AS w
       WHERE ($1::text IS NULL OR strpos(lower(name), lower($1)) > 0 OR strpos(lower(owner), lower($1)) > 0) AND ($2::uuid IS NULL OR id ${beyond} $2)
       ORDER BY id ${direction} LIMIT $3`,
      [q ?? null, after ?? null, limit + 1],
    );
  }

  /** Everybody's accounts are forgotten: a workspace may have more members than are worth naming. */
  updateWorkspace(actor: Actor, id: string, change: WorkspaceChange): Promise<AdminWorkspace | null> {
    return this.db.transaction(async (tx) => {
      const [before] = await tx.query<AdminWorkspace[]>(
        `SELECT ${WORKSPACE} FROM workspaces WHERE id = $1 FOR NO KEY UPDATE`,
        [id],
      );
      if (!before) return null;
      const wanted = { ...before, ...defined(change) };
      const [[after]] = await tx.query<[[AdminWorkspace], number]>(
        `UPDATE workspaces SET suspended_at = CASE WHEN $2 THEN coalesce(suspended_at, now()) END, tier = $3,
           updated_at = now() WHERE id = $1 RETURNING ${WORKSPACE}`,
        [id, wanted.suspended, wanted.tier],
      );
      await tx.query(...this.accounts.announcement(null));
      for (const event of eventsOf({ type: 'workspace', id, workspaceId: id }, before, after)) {
        await this.audit.record(tx, actor, event);
      }
      return after;
    });
  }

  /** Null when there is none, or it was revoked. */
  updateApiKey(actor: Actor, id: string, tier: string | null): Promise<AdminApiKey | null> {
    return this.db.transaction(async (tx) => {
      const [before] = await tx.query<AdminApiKey[]>(
        `SELECT ${API_KEY} FROM api_keys WHERE id = $1 AND revoked_at IS NULL FOR UPDATE`,
        [id],
      );
      if (!before || before.tier === tier) return before ?? null;
      const [[after]] = await tx.query<[[AdminApiKey], number]>(
        `UPDATE api_keys SET tier = $2 WHERE id = $1 RETURNING ${API_KEY}`,
        [id, tier],
      );
      await tx.query(...this.accounts.announcement(after.user_id));
      await this.audit.record(tx, actor, {
        action: 'api_key.tier_changed',
        workspaceId: after.workspace_id,
        target: { type: 'api_key', id },
        changes: changesOf(before, after, ['tier']),
      });
      return after;
    });
  }
}

/** Without its undefined fields. */
const defined = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
