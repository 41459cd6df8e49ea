import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { RESTRICTIONS } from '../platform/common/auth/access-rules';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { AccountsService } from './accounts.service';
import { restricted } from './restrictions.codec';
import { type Member, type MemberChange, type Standing } from './members.types';

const MEMBERS = `SELECT u.id, u.id AS user_id, u.email, u.name, m.role, m.expires_at, m.created_at,
    ${RESTRICTIONS.map((name) => `m.${name}`).join(', ')}
  FROM memberships m JOIN users u ON u.id = m.user_id`;

@Injectable()
export class MembersRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly accounts: AccountsService,
    private readonly audit: AuditService,
  ) {}

  /** One more than the page holds. */
  list({ workspaceId }: Principal, { limit, after, order }: PageQuery): Promise<(Member & { id: string })[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<(Member & { id: string })[]>(
      `${MEMBERS} WHERE m.workspace_id = $1 AND ($2::uuid IS NULL OR m.user_id ${beyond} $2)
       ORDER BY m.user_id ${direction} LIMIT $3`,
      [workspaceId, after ?? null, limit + 1],
    );
  }

  /** `check` throws to refuse. It sees the roles as they stand, and no other change of this workspace's comes between. */
  update(
    caller: Principal,
    userId: string,
    change: MemberChange,
    check: (standing: Standing) => void,
  ): Promise<Member & { id: string }> {
    const { workspaceId } = caller;
    return this.db.transaction(async (tx) => {
      check(await lockStanding(tx, caller, userId));
      const read = async () => {
        const [member] = await tx.query<[Member & { id: string }]>(
          `${MEMBERS} WHERE m.workspace_id = $1 AND m.user_id = $2`,
          [workspaceId, userId],
        );
        return member;
      };
      const before = await read();
      const rules = restricted(before, change);
      await tx.query(
        `UPDATE memberships SET role = $3, expires_at = $4, (${RESTRICTIONS.join(', ')}) = ($5, $6, $7)
         WHERE workspace_id = $1 AND user_id = $2`,
        [
          workspaceId,
          userId,
          change.role ?? before.role,
          change.expires_at === undefined ? before.expires_at : change.expires_at,
          ...RESTRICTIONS.map((name) => rules[name]),
        ],
      );
      await tx.query(...this.accounts.announcement(userId));
      const after = await read();
      const target = { type: 'member', id: userId };
      const record = (action: `member.${string}`, names: readonly (keyof Member)[]) =>
        this.audit.record(tx, caller, { action, workspaceId, target, changes: changesOf(before, after, names) });
      await record('member.role_changed', ['role']);
      await record('member.rules_changed', ['expires_at', ...RESTRICTIONS]);
      return after;
    });
  }

  /** The member's API keys of this workspace go with the membership. `check` as above. */
  remove(caller: Principal, userId: string, check: (standing: Standing) => void): Promise<void> {
    return this.db.transaction(async (tx) => {
      const standing = await lockStanding(tx, caller, userId);
      check(standing);
      await tx.query('DELETE FROM memberships WHERE workspace_id = $1 AND user_id = $2', [caller.workspaceId, userId]);
      await tx.query(...this.accounts.announcement(userId));
      await this.audit.record(tx, caller, {
        action: standing.self ? 'member.left' : 'member.removed',
        workspaceId: caller.workspaceId,
        target: { type: 'member', id: userId },
        changes: changesOf({ role: standing.member }, null, ['role']),
      });
    });
  }
}

/** All changes of a workspace's roles take turns on its row; what is read after that cannot be outdated. */
async function lockStanding(tx: EntityManager, caller: Principal, userId: string): Promise<Standing> {
  await tx.query('SELECT 1 FROM workspaces WHERE id = $1 FOR NO KEY UPDATE', [caller.workspaceId]);
  const [standing] = await tx.query<[Standing]>(
    `SELECT max(role) FILTER (WHERE user_id = $2) AS caller, max(role) FILTER (WHERE user_id = $3) AS member,
       $2::uuid = $3::uuid AS self, (count(*) FILTER (WHERE role = 'owner'))::int AS owners,
       EXISTS (SELECT FROM workspaces WHERE id = $1 AND personal_of = $3) AS personal
     FROM memberships WHERE workspace_id = $1`,
    [caller.workspaceId, caller.userId, userId],
  );
  return standing;
}
