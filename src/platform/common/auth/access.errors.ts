import { DomainError } from '../errors/domain.error';
import { type Permission, PERMISSIONS, type Role } from './permissions';

export const insufficientRole = (role: Role, permission: Permission) =>
  new DomainError(
    'forbidden',
    'insufficient_role',
    `This needs the permission '${permission}', which the role '${role}' does not have; '${PERMISSIONS[permission].role}' does.`,
  );

export const notInstanceAdmin = (permission: Permission) =>
  new DomainError(
    'forbidden',
    'insufficient_role',
    `This needs the permission '${permission}', which only those have who run this installation (ADMIN_EMAIL).`,
  );

export const insufficientScope = (message: string) => new DomainError('forbidden', 'insufficient_scope', message);

export const ipNotAllowed = (ip: string | null) =>
  new DomainError(
    'forbidden',
    'ip_not_allowed',
    `These credentials may not be used from ${ip ?? 'an unknown address'}.`,
  );

/** Also for workspaces of others: whether they exist is not told. */
export const workspaceNotFound = () =>
  new DomainError('not_found', 'workspace_not_found', 'There is no workspace with this id among yours.');
