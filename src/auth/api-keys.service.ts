import { Injectable } from '@nestjs/common';
import { type Restrictions } from '../platform/common/auth/access-rules';
import { apiKeyRestricted, insufficientScope, narrowedKey } from '../platform/common/auth/access.errors';
import { type Scope } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { AccountsService } from '../workspaces/accounts.service';
import { restricted } from '../workspaces/restrictions.codec';
import { type CreateApiKeyDto, type UpdateApiKeyDto } from './api-keys.dto';
import { apiKeyNotFound, apiKeyRetired, notYourApiKey } from './api-keys.errors';
import { ApiKeysRepository } from './api-keys.repository';
import { type ApiKey, type NewApiKey } from './api-keys.types';
import { apiKeyPrefix, hashSecret, newApiKey } from './secrets';

const DEFAULT_OVERLAP_SECONDS = 3600;

@Injectable()
export class ApiKeysService {
  constructor(
    private readonly apiKeys: ApiKeysRepository,
    private readonly accounts: AccountsService,
  ) {}

  async create(principal: Principal, wanted: CreateApiKeyDto): Promise<ApiKey & { key: string }> {
    const { name, scopes = null, expires_at, ...restrictions } = wanted;
    assertNotWider(principal, scopes);
    if (principal.restrictedKey) throw apiKeyRestricted();
    const key = newApiKey();
    const settings = { name, scopes, expires_at: future(expires_at), ...restricted(UNRESTRICTED, restrictions) };
    const created = await this.apiKeys.create(principal, withSecret(key), settings);
    return { ...created, key };
  }

  async list(principal: Principal, query: PageQuery): Promise<Page<ApiKey>> {
    return toPage(await this.apiKeys.list(principal, query), query.limit, (key) => key);
  }

  /** It holds, here, before this resolves, and everywhere else as soon as they hear of it. */
  async update(principal: Principal, id: string, { name, expires_at, ...changes }: UpdateApiKeyDto): Promise<ApiKey> {
    if (principal.restrictedKey) throw apiKeyRestricted();
    const expiry = expires_at === undefined ? undefined : future(expires_at);
    const key = await this.apiKeys.update(principal, id, (before) => {
      if (expiry !== undefined && before.retired) throw apiKeyRetired();
      return {
        name: name ?? before.name,
        expires_at: expiry === undefined ? before.expires_at : expiry,
        ...restricted(before, changes),
      };
    });
    if (!key) throw apiKeyNotFound();
    this.accounts.forget(key.user_id);
    return key;
  }

  /** It has stopped, here, before this resolves, and everywhere else as soon as they hear of it. */
  async revoke(principal: Principal, id: string): Promise<void> {
    const key = await this.apiKeys.revoke(principal, id);
    if (!key) throw apiKeyNotFound();
    this.accounts.forget(key.user_id);
  }

  async rotate(
    principal: Principal,
    id: string,
    overlapSeconds = DEFAULT_OVERLAP_SECONDS,
  ): Promise<ApiKey & { key: string }> {
    const old = await this.apiKeys.find(principal, id);
    if (!old) throw apiKeyNotFound();
    if (old.user_id !== principal.userId) throw notYourApiKey();
    if (principal.restrictedKey && id !== principal.apiKeyId) throw apiKeyRestricted();
    const key = newApiKey();
    const rotated = await this.apiKeys.rotate(principal, id, withSecret(key), overlapSeconds);
    if (!rotated) throw apiKeyRetired();
    this.accounts.forget(rotated.user_id);
    return { ...rotated, key };
  }
}

const UNRESTRICTED: Restrictions = { allowed_models: null, max_tokens_per_request: null, allowed_ips: null };

const withSecret = (key: string): NewApiKey => ({
  id: newId(),
  prefix: apiKeyPrefix(key),
  keyHash: hashSecret(key),
});

/** A narrowed key makes only keys that may no more than it does itself. */
function assertNotWider({ scopes: own }: Principal, scopes: Scope[] | null): void {
  if (!own) return;
  if (!scopes) throw narrowedKey('keys:manage');
  const lacking = scopes.filter((scope) => !own.includes(scope));
  if (lacking.length > 0) throw insufficientScope('keys:manage', lacking);
}

function future(time: string | null | undefined): Date | null {
  if (!time) return null;
  const date = new Date(time);
  if (date.getTime() > Date.now()) return date;
  throw validationFailed([{ field: 'expires_at', message: 'expires_at must lie in the future' }]);
}
