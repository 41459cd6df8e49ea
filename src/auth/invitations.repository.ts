import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { suspended } from '../platform/common/auth/access.errors';
import { type Role } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { type Transaction } from '../platform/database/transaction';
import { AccountsService } from '../workspaces/accounts.service';
import { WORKSPACE } from '../workspaces/workspaces.codec';
import { type WorkspaceDto } from '../workspaces/workspaces.types';
import { alreadyMember } from './invitations.errors';
import { type Invitation, type InvitationStanding, type OpenInvitation } from './invitations.types';

const SHOWN = 'i.id, i.workspace_id, i.email, i.role, i.invited_by, i.expires_at, i.created_at';

/** Changes take turns on the row of the workspace, as those of its members do. */
@Injectable()
export class InvitationsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly accounts: AccountsService,
    private readonly audit: AuditService,
  ) {}

  /** Replaces an earlier one to the same address. `check` throws to refuse. */
  create(
    caller: Principal,
    { email, role }: Pick<Invitation, 'email' | 'role'>,
    tokenHash: Buffer,
    check: (standing: InvitationStanding) => void,
  ): Promise<Invitation & { workspaceName: string }> {
    const { workspaceId, userId } = caller;
    return this.db.transaction(async (tx) => {
      const [workspace] = await tx.query<[{ name: string }]>(
        'SELECT name FROM workspaces WHERE id = $1 FOR NO KEY UPDATE',
        [workspaceId],
      );
      const [standing] = await tx.query<[InvitationStanding]>(
        `SELECT max(m.role) FILTER (WHERE u.id = $2) AS caller,
           count(*) FILTER (WHERE lower(u.email) = lower($3)) > 0 AS member
         FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1`,
        [workspaceId, userId, email],
      );
      check(standing);
      await tx.query('DELETE FROM invitations WHERE workspace_id = $1 AND lower(email) = lower($2)', [
        workspaceId,
        email,
      ]);
      const [invitation] = await tx.query<[Invitation]>(
        `INSERT INTO invitations AS i (id, workspace_id, invited_by, email, role, token_hash, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, now() + interval '7 days') RETURNING ${SHOWN}`,
        [newId(), workspaceId, userId, email, role, tokenHash],
      );
      await this.audit.record(tx, caller, {
        action: 'invitation.created',
        workspaceId,
        target: { type: 'invitation', id: invitation.id },
        changes: changesOf(null, invitation, ['email', 'role']),
      });
      return { ...invitation, workspaceName: workspace.name };
    });
  }

  /** Those that can still be used. One more than the page holds. */
  list({ workspaceId }: Principal, { limit, after, order }: PageQuery): Promise<Invitation[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<Invitation[]>(
      `SELECT ${SHOWN} FROM invitations i
       WHERE i.workspace_id = $1 AND i.expires_at > now() AND ($2::uuid IS NULL OR i.id ${beyond} $2)
       ORDER BY i.id ${direction} LIMIT $3`,
      [workspaceId, after ?? null, limit + 1],
    );
  }

  /** False when there is none, or it was used or revoked before, also at this moment. */
  revoke(caller: Principal, id: string): Promise<boolean> {
    const { workspaceId } = caller;
    return this.db.transaction(async (tx) => {
      const [[invitation]] = await tx.query<[Invitation[], number]>(
        `DELETE FROM invitations i WHERE i.workspace_id = $1 AND i.id = $2 RETURNING ${SHOWN}`,
        [workspaceId, id],
      );
      if (!invitation) return false;
      await this.audit.record(tx, caller, {
        action: 'invitation.revoked',
        workspaceId,
        target: { type: 'invitation', id },
        changes: changesOf(invitation, null, ['email', 'role']),
      });
      return true;
    });
  }

  /** Uses up the invitation and makes the user a member. Null when it can't be used. `check` throws to refuse. */
  accept(
    caller: Pick<Principal, 'userId' | 'apiKeyId'>,
    tokenHash: Buffer,
    check: (invitation: OpenInvitation, email: string) => void,
  ): Promise<WorkspaceDto | null> {
    return this.db.transaction((tx) => this.acceptWithin(tx, caller, tokenHash, check));
  }

  /** The same, as part of a transaction that may just have made the user. */
  async acceptWithin(
    tx: Transaction,
    caller: Pick<Principal, 'userId' | 'apiKeyId'>,
    tokenHash: Buffer,
    check: (invitation: OpenInvitation, email: string) => void,
  ): Promise<WorkspaceDto | null> {
    const [workspaceOf] = await tx.query<{ suspended: boolean }[]>(
      `SELECT w.suspended_at IS NOT NULL AS suspended FROM workspaces w JOIN invitations i ON i.workspace_id = w.id WHERE i.token_hash = $1
       FOR NO KEY UPDATE OF w`,
      [tokenHash],
    );
    if (workspaceOf?.suspended) throw suspended();
    const [[invitation]] = await tx.query<[OpenInvitation[], number]>(
      `DELETE FROM invitations i USING memberships m, users u
       WHERE i.token_hash = $1 AND i.expires_at > now()
         AND m.workspace_id = i.workspace_id AND m.user_id = i.invited_by AND u.id = i.invited_by
         AND (m.expires_at IS NULL OR m.expires_at > now())
       RETURNING ${SHOWN}, m.role AS "inviterRole", u.suspended_at IS NOT NULL AS "inviterSuspended"`,
      [tokenHash],
    );
    if (!invitation) return null;
    const [user] = await tx.query<[{ email: string }]>('SELECT email FROM users WHERE id = $1', [caller.userId]);
    check(invitation, user.email);
    const workspace = await this.join(tx, caller.userId, invitation);
    await tx.query(...this.accounts.announcement(caller.userId));
    await this.audit.record(tx, caller, {
      action: 'member.joined',
      workspaceId: workspace.id,
      target: { type: 'member', id: caller.userId },
      changes: { ...changesOf(null, workspace, ['role']), invitation_id: { before: invitation.id, after: null } },
    });
    return workspace;
  }

  /** Deletes up to `most` whose time is over. Returns how many. */
  async deleteExpired(most: number): Promise<number> {
    const [, deleted] = await this.db.query<[unknown[], number]>(
      `DELETE FROM invitations WHERE id IN (
         SELECT id FROM invitations WHERE expires_at < now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [most],
    );
    return deleted;
  }

  private async join(
    tx: Transaction,
    userId: string,
    { workspace_id, role }: { workspace_id: string; role: Role },
  ): Promise<WorkspaceDto> {
    const [workspace] = await tx.query<WorkspaceDto[]>(
      `WITH m AS (
         INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING *)
       SELECT ${WORKSPACE} FROM m JOIN workspaces w ON w.id = m.workspace_id`,
      [workspace_id, userId, role],
    );
    if (!workspace) throw alreadyMember();
    return workspace;
  }
}
