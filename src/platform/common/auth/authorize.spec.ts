import { authorize } from './authorize';
import { AccessRules } from './access-rules';
import { type Role, type Scope } from './permissions';
import { type Principal } from './principal';

const caller = (role: Role, scopes: Scope[] | null = null): Principal => ({
  userId: 'u',
  workspaceId: 'w',
  role,
  instanceAdmin: false,
  apiKeyId: scopes && 'k',
  scopes,
  rules: AccessRules.NONE,
  tier: null,
});

describe('authorize', () => {
  it('lets a higher role do what a lower one may', () => {
    expect(() => authorize(caller('owner'), 'chat:use')).not.toThrow();
    expect(() => authorize(caller('member'), 'chat:use')).not.toThrow();
  });

  it('names the missing permission when the role is too low', () => {
    expect(() => authorize(caller('viewer'), 'chat:use')).toThrow(/'chat:use'/);
    expect(() => authorize(caller('member'), 'members:manage')).toThrow(
      expect.objectContaining({ kind: 'forbidden', code: 'insufficient_role' }),
    );
  });

  it('never lets a narrowed key beyond its scopes, whatever the role', () => {
    expect(() => authorize(caller('owner', ['chat']), 'keys:manage')).toThrow(
      expect.objectContaining({ kind: 'forbidden', code: 'insufficient_scope' }),
    );
    expect(() => authorize(caller('owner', ['chat']), 'chat:use')).not.toThrow();
  });

  it('says in details what would do', () => {
    const details = (...needed: object[]): Error => expect.objectContaining({ details: needed });
    expect(() => authorize(caller('viewer'), 'chat:use')).toThrow(details({ permission: 'chat:use', role: 'member' }));
    expect(() => authorize(caller('owner', ['chat']), 'keys:manage')).toThrow(
      details({ permission: 'keys:manage', scope: 'admin' }),
    );
    expect(() => authorize(caller('owner', ['admin']), 'account:manage')).toThrow(
      details({ permission: 'account:manage', scope: null }),
    );
    expect(() => authorize(caller('owner'), 'providers:read')).toThrow(
      details({ permission: 'providers:read', role: 'instance_admin' }),
    );
  });

  it('never widens a role by a scope', () => {
    expect(() => authorize(caller('viewer', ['admin']), 'keys:manage')).toThrow(
      expect.objectContaining({ code: 'insufficient_role' }),
    );
  });

  it('asks no scope where the table names none', () => {
    expect(() => authorize(caller('viewer', ['chat']), 'models:read')).not.toThrow();
  });
});
