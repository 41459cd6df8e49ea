import { Injectable } from '@nestjs/common';
import { insufficientScope } from '../platform/common/auth/access.errors';
import { type Scope } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { AccountsService } from '../workspaces/accounts.service';
import { type CreateApiKeyDto } from './api-keys.dto';
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

  async create(principal: Principal, { name, scopes, expires_at }: CreateApiKeyDto): Promise<ApiKey & { key: string }> {
    assertNotWider(principal, scopes ?? null);
    const key = newApiKey();
    const created = await this.apiKeys.create(principal, withSecret(name, key), scopes ?? null, future(expires_at));
    return { ...created, key };
  }

  async list(principal: Principal, query: PageQuery): Promise<Page<ApiKey>> {
    return toPage(await this.apiKeys.list(principal, query), query.limit, (key) => key);
  }

  async rename(principal: Principal, id: string, name: string): Promise<ApiKey> {
    const key = await this.apiKeys.rename(principal, id, name);
    if (!key) throw apiKeyNotFound();
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
    const key = newApiKey();
    const rotated = await this.apiKeys.rotate(principal, id, withSecret(old.name, key), overlapSeconds);
    if (!rotated) throw apiKeyRetired();
    this.accounts.forget(rotated.user_id);
    return { ...rotated, key };
  }
}

const withSecret = (name: string, key: string): NewApiKey => ({
  id: newId(),
  name,
  prefix: apiKeyPrefix(key),
  keyHash: hashSecret(key),
});

/** A narrowed key makes only keys that may no more than it does itself. */
function assertNotWider({ scopes: own }: Principal, scopes: Scope[] | null): void {
  if (own && !scopes?.every((scope) => own.includes(scope))) {
    throw insufficientScope(`This API key can only make keys narrowed to some of its own scopes: ${own.join(', ')}.`);
  }
}

function future(time: string | null | undefined): Date | null {
  if (!time) return null;
  const date = new Date(time);
  if (date.getTime() > Date.now()) return date;
  throw validationFailed([{ field: 'expires_at', message: 'expires_at must lie in the future' }]);
}
