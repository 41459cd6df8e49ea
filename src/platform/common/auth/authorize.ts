import { apiKeyRestricted, insufficientRole, insufficientScope, narrowedKey, notInstanceAdmin } from './access.errors';
import { hasRole, type Permission, ruleOf } from './permissions';
import { type Principal } from './principal';

/** Throws `insufficient_role`, `insufficient_scope` or `api_key_restricted` unless the caller has the permission in their workspace. */
export function authorize(principal: Principal, permission: Permission): void {
  const { role, scope, instance, unnarrowed, unrestricted } = ruleOf(permission);
  if (instance && !principal.instanceAdmin) throw notInstanceAdmin(permission);
  if (!hasRole(principal.role, role)) throw insufficientRole(principal.role, permission);
  if (unnarrowed && principal.scopes) throw narrowedKey(permission);
  if (unrestricted && principal.restrictedKey) throw apiKeyRestricted();
  if (scope !== null && principal.scopes && !principal.scopes.includes(scope)) {
    throw insufficientScope(permission, [scope]);
  }
}
