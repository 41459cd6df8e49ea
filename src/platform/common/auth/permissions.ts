/** Highest first; each role may do everything the ones after it may. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** What an API key can be narrowed to. */
export const SCOPES = [
  'chat',
  'embeddings',
  'documents:read',
  'documents:write',
  'tools',
  'agents',
  'usage:read',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

interface Rule {
  role: Role;
  scope: Scope | null;
  /** API keys narrowed to scopes don't have it, whichever they are. */
  unnarrowed?: true;
  /** API keys with rules or an expiry don't have it: what they made would outlive them, or be held to nothing. */
  unrestricted?: true;
  /** Only people who run the installation have it, whatever their role. */
  instance?: true;
}

/**
 * The permission table: the lowest role that has it, and the scope a narrowed API key needs.
 * A route without `@Requires` needs `account:manage`.
 */
export const PERMISSIONS = {
  'account:manage': { role: 'viewer', scope: null, unnarrowed: true },
  'chat:use': { role: 'member', scope: 'chat' },
  'chat:read': { role: 'viewer', scope: 'chat' },
  'embeddings:use': { role: 'member', scope: 'embeddings' },
  'documents:read': { role: 'viewer', scope: 'documents:read' },
  'documents:write': { role: 'member', scope: 'documents:write' },
  'tools:use': { role: 'member', scope: 'tools' },
  'tools:read': { role: 'viewer', scope: 'tools' },
  'tools:manage': { role: 'admin', scope: 'admin', unrestricted: true },
  'agents:use': { role: 'member', scope: 'agents' },
  'agents:read': { role: 'viewer', scope: 'agents' },
  'agents:write': { role: 'member', scope: 'agents' },
  'models:read': { role: 'viewer', scope: null },
  'profile:read': { role: 'viewer', scope: null },
  'limits:read': { role: 'viewer', scope: null },
  'usage:read': { role: 'viewer', scope: 'usage:read' },
  'budgets:manage': { role: 'admin', scope: 'admin', unrestricted: true },
  'audit:read': { role: 'admin', scope: 'admin' },
  'workspace:manage': { role: 'admin', scope: 'admin' },
  'members:read': { role: 'viewer', scope: 'admin' },
  'members:manage': { role: 'admin', scope: 'admin', unrestricted: true },
  'keys:manage': { role: 'member', scope: 'admin' },
  'instance:manage': { role: 'viewer', scope: 'admin', instance: true, unrestricted: true },
  'providers:read': { role: 'viewer', scope: 'admin', instance: true },
} as const satisfies Record<string, Rule>;
export type Permission = keyof typeof PERMISSIONS;
export const ruleOf = (permission: Permission): Rule => PERMISSIONS[permission];

/** True when `role` is `needed` or higher. */
export const hasRole = (role: Role, needed: Role): boolean => ROLES.indexOf(role) <= ROLES.indexOf(needed);
