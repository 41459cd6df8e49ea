import { Injectable, Logger } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { MailService } from '../platform/mail/mail.service';
import { AccountsService } from '../workspaces/accounts.service';
import { type WorkspaceDto } from '../workspaces/workspaces.types';
import { assertMayAccept, assertMayInvite } from './invitation-rules';
import { type InviteDto } from './invitations.dto';
import { invalidInvitation, invitationNotFound } from './invitations.errors';
import { InvitationsRepository } from './invitations.repository';
import { type Invitation } from './invitations.types';
import { hashSecret, newSecret } from './secrets';

@Injectable()
export class InvitationsService {
  private readonly logger = new Logger(InvitationsService.name);

  constructor(
    private readonly invitations: InvitationsRepository,
    private readonly accounts: AccountsService,
    private readonly mail: MailService,
  ) {}

  /** The mail goes out behind the answer: whoever invites has the token, and may pass it on otherwise. */
  async create(principal: Principal, { email, role }: InviteDto): Promise<Invitation & { token: string }> {
    const token = newSecret();
    const { workspaceName, ...invitation } = await this.invitations.create(
      principal,
      { email, role },
      hashSecret(token),
      (standing) => assertMayInvite(role, standing),
    );
    if (this.mail.configured) {
      this.send(email, workspaceName, token).catch((error: unknown) =>
        this.logger.error(`an invitation could not be sent: ${error instanceof Error ? error.message : 'unknown'}`),
      );
    }
    return { ...invitation, token };
  }

  async list(principal: Principal, query: PageQuery): Promise<Page<Invitation>> {
    return toPage(await this.invitations.list(principal, query), query.limit, (invitation) => invitation);
  }

  async revoke(principal: Principal, id: string): Promise<void> {
    if (!(await this.invitations.revoke(principal, id))) throw invitationNotFound();
  }

  async accept(principal: Principal, token: string): Promise<WorkspaceDto> {
    const workspace = await this.invitations.accept(principal, hashSecret(token), (invitation, email) =>
      assertMayAccept(email, invitation, 'token'),
    );
    if (!workspace) throw invalidInvitation('token');
    this.accounts.forget(principal.userId);
    return workspace;
  }

  private send(to: string, workspace: string, token: string): Promise<void> {
    return this.mail.send({
      to,
      subject: 'You are invited to a workspace on Parley',
      text: `You are invited to the workspace "${workspace}". Your invitation token is ${token}\n\nIt works once, within seven days: with an account of this address at POST /v1/invitations/accept, and without one at POST /v1/auth/register, as invitation_token.`,
    });
  }
}
