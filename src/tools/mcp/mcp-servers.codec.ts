import { changesOf } from '../../audit/audit.codec';
import { type Changes } from '../../audit/audit.types';
import { type McpServerDto } from './mcp-servers.dto';
import { type McpServerBody } from './mcp-servers.schema';
import { type NewMcpServer, type StoredMcpServer } from './mcp.types';
import { effectsOf } from './trust';
import { toolName } from './tool-names';

export const toNewServer = (body: McpServerBody): NewMcpServer => {
  const { name, transport, timeout_ms, side_effects, trust_annotations, allowed_tools } = body;
  const common = { name, transport, timeout_ms, side_effects, trust_annotations, allowed_tools: allowed_tools ?? null };
  return body.transport === 'http'
    ? { ...common, url: body.url, command: null, args: [], secrets: body.headers }
    : { ...common, url: null, command: body.command, args: body.args, secrets: body.env };
};

export const toServer = (row: StoredMcpServer): McpServerDto => ({
  id: row.id,
  name: row.name,
  transport: row.transport,
  url: row.url,
  command: row.command,
  args: row.transport === 'stdio' ? row.args : null,
  headers: row.transport === 'http' ? row.secret_names : null,
  env: row.transport === 'stdio' ? row.secret_names : null,
  timeout_ms: row.timeout_ms,
  side_effects: row.side_effects,
  trust_annotations: row.trust_annotations,
  allowed_tools: row.allowed_tools,
  state: row.checked_at === null ? 'pending' : row.error === null ? 'connected' : 'failed',
  last_error: row.error,
  checked_at: row.checked_at?.toISOString() ?? null,
  tools: row.tools.map((tool) => ({
    name: toolName(row.name, tool.name),
    server_name: tool.name,
    side_effects: effectsOf(row, tool).sideEffects,
  })),
  created_at: row.created_at.toISOString(),
});

/** Secrets may stand where they don't belong: in the query of an address, in arguments. The log is kept for ever. */
export function auditOf(before: StoredMcpServer | null, after: StoredMcpServer | null): Changes {
  const told = (row: StoredMcpServer | null) => row && { ...row, url: row.url && row.url.replace(/\?.*/, '') };
  return changesOf(told(before), told(after), [
    'name',
    'transport',
    'url',
    'command',
    'secret_names',
    'side_effects',
    'trust_annotations',
    'allowed_tools',
  ]);
}
