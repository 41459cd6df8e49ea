import { DomainError } from '../platform/common/errors/domain.error';

export const userNotFound = () =>
  new DomainError('not_found', 'user_not_found', 'There is no such user in this installation.');

export const ownAccount = () =>
  new DomainError(
    'conflict',
    'own_account',
    'You would shut yourself out. Another administrator, or the command line, can do that.',
  );

export const noSuchWorkspace = () => new DomainError('not_found', 'workspace_not_found', 'There is no such workspace.');
