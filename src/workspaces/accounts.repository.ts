import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Account } from './workspaces.types';

@Injectable()
export class AccountsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** @param workspaceId null for the personal one */
  async find(userId: string, workspaceId: string | null): Promise<Account | null> {
    const [account] = await this.db.query<Account[]>(
      `SELECT u.id AS "userId", u.token_version AS "tokenVersion", m.workspace_id AS "workspaceId", m.role,
         u.is_admin AS "instanceAdmin"
       FROM users u
       LEFT JOIN memberships m ON m.user_id = u.id
         AND m.workspace_id = coalesce($2, (SELECT id FROM workspaces WHERE personal_of = u.id))
       WHERE u.id = $1`,
      [userId, workspaceId],
    );
    return account ?? null;
  }
}
