import { roleNeeded } from '../platform/common/auth/access.errors';
import { DomainError } from '../platform/common/errors/domain.error';

export const agentNotFound = () => new DomainError('not_found', 'agent_not_found', 'There is no agent with this id.');

/** @param reference as the caller wrote it */
export const noSuchAgent = (reference: string) =>
  new DomainError(
    'not_found',
    'agent_not_found',
    `There is no agent '${reference}'. It is named by its id or its name, and '@2' after it means its second version.`,
    { param: 'agent' },
  );

export const agentVersionNotFound = () =>
  new DomainError('not_found', 'agent_version_not_found', 'The agent has no such version.');

export const agentNameTaken = () =>
  new DomainError('conflict', 'agent_name_taken', 'Another agent of the workspace has this name.', {
    param: 'name',
    shouldRetry: false,
  });

/** @param version the current one */
export const agentChanged = (version: number) =>
  new DomainError('conflict', 'agent_changed', `The agent is at version ${version} by now.`, {
    param: 'version',
    details: [{ version }],
    shouldRetry: false,
  });

export const notAgentCreator = () =>
  roleNeeded(
    'agents:write',
    'admin',
    'An agent is changed and deleted by who made it, and by the owners and admins of the workspace.',
  );
