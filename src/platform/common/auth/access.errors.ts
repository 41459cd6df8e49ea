import { DomainError } from '../errors/domain.error';
import { type Permission, PERMISSIONS, type Role, type Scope } from './permissions';

/** Every refusal names the permission in `details`, and the least role or the scope that has it. */
export const insufficientRole = (role: Role, permission: Permission) => {
  const needed = PERMISSIONS[permission].role;
  return roleNeeded(
    permission,
    needed,
    `This needs the permission '${permission}', which the role '${role}' does not have; '${needed}' does.`,
  );
};

/** A permission that for this thing asks for a higher role than the table says. */
export const roleNeeded = (permission: Permission, role: Role, message: string) =>
  new DomainError('forbidden', 'insufficient_role', message, { details: [{ permission, role }] });

export const notInstanceAdmin = (permission: Permission) =>
  new DomainError(
    'forbidden',
    'insufficient_role',
    `This needs the permission '${permission}', which only those have who run this installation (ADMIN_EMAIL).`,
    { details: [{ permission, role: 'instance_admin' }] },
  );

/** @param scopes those the API key lacks */
export const insufficientScope = (permission: Permission, scopes: readonly Scope[]) =>
  new DomainError(
    'forbidden',
    'insufficient_scope',
    `This needs the permission '${permission}' and an API key with the scope ${scopes.map((scope) => `'${scope}'`).join(', ')}.`,
    { details: scopes.map((scope) => ({ permission, scope })) },
  );

export const membershipExpired = () =>
  new DomainError('forbidden', 'membership_expired', 'Your membership of this workspace has expired.');

/** No scope has it: it is for access tokens, and API keys that have all their user's permissions. */
export const narrowedKey = (permission: Permission) =>
  new DomainError(
    'forbidden',
    'insufficient_scope',
    `This needs the permission '${permission}', which API keys narrowed to scopes do not have.`,
    { details: [{ permission, scope: null }] },
  );

/** Whoever it makes, or lets do more, would be held to none of it. */
export const apiKeyRestricted = () =>
  new DomainError(
    'forbidden',
    'api_key_restricted',
    'An API key that has rules or an expiry makes and changes no keys, members, invitations or budgets, and rotates only itself.',
  );

export const ipNotAllowed = (ip: string | null) =>
  new DomainError(
    'forbidden',
    'ip_not_allowed',
    `These credentials may not be used from ${ip ?? 'an unknown address'}.`,
  );

export const suspended = () =>
  new DomainError(
    'forbidden',
    'suspended',
    'This account or workspace is suspended. Ask those who run this installation.',
  );

/** Also for workspaces of others: whether they exist is not told. */
export const workspaceNotFound = () =>
  new DomainError('not_found', 'workspace_not_found', 'There is no workspace with this id among yours.');
