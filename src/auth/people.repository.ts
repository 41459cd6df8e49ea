import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { newId } from '../platform/common/ids';
import { type Transaction } from '../platform/database/transaction';
import { type UserDto } from '../users/users.types';
import { AccountsService } from '../workspaces/accounts.service';
import { WORKSPACE } from '../workspaces/workspaces.codec';
import { type WorkspaceDto } from '../workspaces/workspaces.types';
import { type Person } from './auth.types';
import { assertMayAccept } from './invitation-rules';
import { invalidInvitation } from './invitations.errors';
import { InvitationsRepository } from './invitations.repository';

export interface NewPerson {
  email: string;
  passwordHash: string;
  name: string | null;
  isAdmin?: boolean;
  /** Hash of the token of an invitation to be used with it. */
  invitation?: Buffer | null;
}

const PERSON =
  'id, email, password_hash AS "passwordHash", token_version AS "tokenVersion", is_admin AS "isAdmin", suspended_at IS NOT NULL AS suspended';

/** A user and what no user is without: one transaction over what belongs to users/ and workspaces/. */
@Injectable()
export class PeopleRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly accounts: AccountsService,
    private readonly audit: AuditService,
    private readonly invitations: InvitationsRepository,
  ) {}

  /**
   * With the personal workspace, and as a member where it is invited to. Throws, and makes nothing, when the invitation
   * can't be used. Null when the address is taken, also by a registration at this moment.
   */
  create({ email, name, passwordHash, isAdmin = false, invitation = null }: NewPerson): Promise<{
    user: UserDto;
    workspace: WorkspaceDto;
  } | null> {
    return this.db.transaction(async (tx) => {
      const [user] = await tx.query<UserDto[]>(
        `INSERT INTO users (id, email, name, password_hash, is_admin) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (lower(email)) DO NOTHING RETURNING id, email, name, is_admin, created_at`,
        [newId(), email, name, passwordHash, isAdmin],
      );
      if (!user) return null;
      const [workspace] = await tx.query<[WorkspaceDto]>(
        `WITH w AS (INSERT INTO workspaces (id, name, personal_of) VALUES ($1, $2, $3) RETURNING *),
              m AS (INSERT INTO memberships (workspace_id, user_id, role) SELECT id, $3, 'owner' FROM w RETURNING *)
         SELECT ${WORKSPACE} FROM w, m`,
        [newId(), name ? `${name}'s workspace` : 'Personal workspace', user.id],
      );
      await this.audit.record(tx, isAdmin ? null : { userId: user.id, apiKeyId: null }, {
        action: 'user.registered',
        workspaceId: workspace.id,
        target: { type: 'user', id: user.id },
        changes: changesOf(null, user, isAdmin ? ['email', 'is_admin'] : ['email']),
      });
      if (invitation) await this.acceptInvitation(tx, user.id, invitation);
      return { user, workspace };
    });
  }

  async findByEmail(email: string): Promise<Person | null> {
    const [person] = await this.db.query<Person[]>(`SELECT ${PERSON} FROM users WHERE lower(email) = lower($1)`, [
      email,
    ]);
    return person ?? null;
  }

  async find(userId: string): Promise<Person | null> {
    const [person] = await this.db.query<Person[]>(`SELECT ${PERSON} FROM users WHERE id = $1`, [userId]);
    return person ?? null;
  }

  async makeAdmin(userId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await tx.query('UPDATE users SET is_admin = true, updated_at = now() WHERE id = $1', [userId]);
      await tx.query(...this.accounts.announcement(userId));
      await this.audit.record(tx, null, {
        action: 'user.admin_granted',
        workspaceId: null,
        target: { type: 'user', id: userId },
        changes: { instance_admin: { before: false, after: true } },
      });
    });
    this.accounts.forget(userId);
  }

  private async acceptInvitation(tx: Transaction, userId: string, tokenHash: Buffer): Promise<void> {
    const param = 'invitation_token';
    const joined = await this.invitations.acceptWithin(tx, { userId, apiKeyId: null }, tokenHash, (found, email) =>
      assertMayAccept(email, found, param),
    );
    if (!joined) throw invalidInvitation(param);
  }
}
