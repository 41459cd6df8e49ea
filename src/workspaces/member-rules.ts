import { insufficientRole, workspaceNotFound } from '../platform/common/auth/access.errors';
import { hasRole, PERMISSIONS, type Role } from '../platform/common/auth/permissions';
import { type Standing } from './members.types';
import { lastOwner, memberNotFound, ownersOnly, ownRules, personalWorkspace } from './workspaces.errors';

/** Throws unless the caller may give the member this role. */
export function assertMayGive(role: Role, standing: Standing): void {
  const { caller, member } = known(standing);
  if (!mayManage(caller)) throw insufficientRole(caller, 'members:manage');
  if ((role === 'owner' || member === 'owner') && caller !== 'owner') throw ownersOnly();
  if (member === 'owner' && role !== 'owner') assertOwnerCanGo(standing);
}

/** Throws unless the caller may change the rules the member is held to. Their own are for owners, who could lift them anyway. */
export function assertMayRestrict(standing: Standing): void {
  const { caller, member } = known(standing);
  if (!mayManage(caller)) throw insufficientRole(caller, 'members:manage');
  if (member === 'owner' && caller !== 'owner') throw ownersOnly();
  if (standing.self && caller !== 'owner') throw ownRules();
}

/** Throws unless the caller may remove the member. Everybody may leave. */
export function assertMayRemove(standing: Standing): void {
  const { caller, member } = known(standing);
  if (!standing.self && !mayManage(caller)) throw insufficientRole(caller, 'members:manage');
  if (member === 'owner' && caller !== 'owner') throw ownersOnly();
  if (member === 'owner') assertOwnerCanGo(standing);
  if (standing.personal) throw personalWorkspace();
}

const mayManage = (caller: Role) => hasRole(caller, PERMISSIONS['members:manage'].role);

function known({ caller, member }: Standing): { caller: Role; member: Role } {
  if (!caller) throw workspaceNotFound();
  if (!member) throw memberNotFound();
  return { caller, member };
}

function assertOwnerCanGo({ owners, personal }: Standing): void {
  if (owners === 1) throw lastOwner();
  if (personal) throw personalWorkspace();
}
