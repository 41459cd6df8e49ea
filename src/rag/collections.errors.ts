import { DomainError } from '../platform/common/errors/domain.error';

/** Also one the caller may not read. */
export const collectionNotFound = () =>
  new DomainError('not_found', 'collection_not_found', 'There is no collection with this id.');

export const collectionReadOnly = () =>
  new DomainError(
    'forbidden',
    'insufficient_role',
    'This collection is read-only: its owner, and the owners and admins of the workspace, change it.',
  );

export const notCollectionOwner = () =>
  new DomainError(
    'forbidden',
    'insufficient_role',
    'Who has access to a collection, and whether it stays, is for its owner and the owners and admins of the workspace.',
  );
