import { DomainError } from '../platform/common/errors/domain.error';

export const memberNotFound = () =>
  new DomainError('not_found', 'member_not_found', 'There is no member with this id in this workspace.');

export const ownersOnly = () =>
  new DomainError('forbidden', 'insufficient_role', 'Only owners make, change or remove owners.');

export const ownRules = () =>
  new DomainError('forbidden', 'insufficient_role', 'Only owners change the rules they are held to themselves.');

export const lastOwner = () =>
  new DomainError(
    'conflict',
    'last_owner',
    'This is the last owner of the workspace. Make someone else an owner first.',
  );

export const personalWorkspace = () =>
  new DomainError('conflict', 'personal_workspace', 'A personal workspace is always owned by its person.');
