import { type Restrictions, RESTRICTIONS } from '../platform/common/auth/access-rules';

/** SQL for the restrictions of a row of `memberships` or `api_keys` as one object. */
export const restrictionsSql = (alias: string): string =>
  `jsonb_build_object(${RESTRICTIONS.map((name) => `'${name}', ${alias}.${name}`).join(', ')})`;

/** What they are after a change: absent fields stay. */
export const restricted = (before: Restrictions, change: Partial<Restrictions>): Restrictions => ({
  allowed_models: change.allowed_models === undefined ? before.allowed_models : change.allowed_models,
  max_tokens_per_request:
    change.max_tokens_per_request === undefined ? before.max_tokens_per_request : change.max_tokens_per_request,
  allowed_ips: change.allowed_ips === undefined ? before.allowed_ips : change.allowed_ips,
});
