import { type Permission } from '../../platform/common/auth/permissions';
import { DomainError } from '../../platform/common/errors/domain.error';

export const mcpServerNotFound = () =>
  new DomainError('not_found', 'mcp_server_not_found', 'There is no MCP server with this id.');

export const mcpServerExists = (name: string) =>
  new DomainError('conflict', 'mcp_server_exists', `The workspace has an MCP server named '${name}' already.`, {
    param: 'name',
  });

export const tooManyMcpServers = (most: number) =>
  new DomainError('conflict', 'too_many_mcp_servers', `A workspace has at most ${most} MCP servers.`);

/** Its command runs on the machine of the installation. */
export const stdioForInstanceAdmins = () => {
  const permission: Permission = 'instance:manage';
  return new DomainError(
    'forbidden',
    'insufficient_role',
    'MCP servers that run as processes (stdio) are set up only by those who run this installation (ADMIN_EMAIL).',
    { param: 'transport', details: [{ permission, role: 'instance_admin' }] },
  );
};
