import { insufficientRole, workspaceNotFound } from '../platform/common/auth/access.errors';
import { hasRole, PERMISSIONS, type Role } from '../platform/common/auth/permissions';
import { ownersOnly } from '../workspaces/workspaces.errors';
import { alreadyMember, invalidInvitation, invitationForAnother } from './invitations.errors';
import { type InvitationStanding, type OpenInvitation } from './invitations.types';

const mayInvite = (inviter: Role, role: Role) =>
  hasRole(inviter, PERMISSIONS['members:manage'].role) && hasRole(inviter, role);

/** Throws unless the caller may invite somebody who is no member yet to this role. */
export function assertMayInvite(role: Role, { caller, member }: InvitationStanding): void {
  if (!caller) throw workspaceNotFound();
  if (!hasRole(caller, PERMISSIONS['members:manage'].role)) throw insufficientRole(caller, 'members:manage');
  if (!mayInvite(caller, role)) throw ownersOnly();
  if (member) throw alreadyMember();
}

/** Throws unless the account may use the invitation. It is worth what its inviter may give now, not what they might then. */
export function assertMayAccept(email: string, invitation: OpenInvitation, param: string): void {
  const { inviterRole, inviterSuspended, role } = invitation;
  if (inviterSuspended || !mayInvite(inviterRole, role)) throw invalidInvitation(param);
  if (invitation.email.toLowerCase() !== email.toLowerCase()) throw invitationForAnother();
}
