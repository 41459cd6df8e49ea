import { DomainError } from '../../platform/common/errors/domain.error';

export const customToolNotFound = () =>
  new DomainError('not_found', 'custom_tool_not_found', 'There is no such tool in this workspace.');

export const toolNameTaken = (name: string) =>
  new DomainError('conflict', 'tool_name_taken', `There is a tool '${name}' already: choose another name or prefix.`, {
    param: 'name',
  });

export const tooManyTools = (most: number) =>
  new DomainError('conflict', 'too_many_tools', `A workspace describes at most ${most} tools: delete some first.`);
