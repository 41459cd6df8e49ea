import { DomainError } from '../../platform/common/errors/domain.error';

export const databaseNotFound = () =>
  new DomainError('not_found', 'database_not_found', 'There is no such database in this workspace.');

export const databaseNameTaken = (name: string) =>
  new DomainError('conflict', 'database_name_taken', `There is a database '${name}' already.`, { param: 'name' });

export const tooManyDatabases = (most: number) =>
  new DomainError('conflict', 'too_many_tools', `A workspace registers at most ${most} databases: delete some first.`);
