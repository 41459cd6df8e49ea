import { roleNeeded } from '../platform/common/auth/access.errors';
import { DomainError } from '../platform/common/errors/domain.error';

export const memberNotFound = () =>
  new DomainError('not_found', 'member_not_found', 'There is no member with this id in this workspace.');

export const ownersOnly = () =>
  roleNeeded(
    'members:manage',
    'owner',
    "Of those with the permission 'members:manage' only owners make, change or remove owners.",
  );

export const ownRules = () =>
  roleNeeded(
    'members:manage',
    'owner',
    "Of those with the permission 'members:manage' only owners change the rules they are held to themselves.",
  );

export const lastOwner = () =>
  new DomainError(
    'conflict',
    'last_owner',
    'This is the last owner of the workspace. Make someone else an owner first.',
  );

export const personalWorkspace = () =>
  new DomainError('conflict', 'personal_workspace', 'A personal workspace is always owned by its person.');
