import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AccessRules, type Restrictions } from '../platform/common/auth/access-rules';
import { restrictionsSql } from './restrictions.codec';
import { type Account } from './workspaces.types';

@Injectable()
export class AccountsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** @param workspaceId null for the personal one */
  async find(userId: string, workspaceId: string | null): Promise<Account | null> {
    const [row] = await this.db.query<(Omit<Account, 'rules'> & { restrictions: Restrictions })[]>(
      `SELECT u.id AS "userId", u.token_version AS "tokenVersion", m.workspace_id AS "workspaceId", m.role, m.expires_at AS "expiresAt",
         u.is_admin AS "instanceAdmin", coalesce(u.tier, w.tier) AS tier,
         u.suspended_at IS NOT NULL OR w.suspended_at IS NOT NULL AS suspended, ${restrictionsSql('m')} AS restrictions
       FROM users u
       LEFT JOIN memberships m ON m.user_id = u.id
         AND m.workspace_id = coalesce($2, (SELECT id FROM workspaces WHERE personal_of = u.id))
       LEFT JOIN workspaces w ON w.id = m.workspace_id
       WHERE u.id = $1`,
      [userId, workspaceId],
    );
    if (!row) return null;
    const { restrictions, ...account } = row;
    return { ...account, rules: new AccessRules([restrictions]) };
  }
}
