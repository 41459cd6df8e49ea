import { Injectable } from '@nestjs/common';
import { membershipExpired, suspended, workspaceNotFound } from '../platform/common/auth/access.errors';
import { type Principal } from '../platform/common/auth/principal';
import { Invalidations } from '../platform/database/invalidations';
import { LookupCache } from '../platform/database/lookup-cache';
import { AccountsService } from '../workspaces/accounts.service';
import { type Account } from '../workspaces/workspaces.types';
import { type KnownApiKey } from './api-keys.types';
import { ApiKeysRepository } from './api-keys.repository';
import { invalidApiKey, invalidToken } from './auth.errors';
import { type AccessClaims } from './auth.types';
import { LastUsedService } from './last-used.service';
import { hashSecretToText, looksLikeApiKey } from './secrets';

const REMEMBERED = { max: 20_000, ttlMs: 10_000 };

/** Turns credentials into a principal. What is remembered of them is forgotten at once when it changes. */
@Injectable()
export class PrincipalsService {
  private readonly keys: LookupCache<KnownApiKey>;

  constructor(
    private readonly apiKeys: ApiKeysRepository,
    private readonly accounts: AccountsService,
    private readonly lastUsed: LastUsedService,
    invalidations: Invalidations,
  ) {
    this.keys = new LookupCache({
      ...REMEMBERED,
      ownerOf: ({ principal }) => principal.userId,
      trusted: () => invalidations.connected,
      load: (hash) => apiKeys.findByHash(Buffer.from(hash, 'base64url')),
    });
    accounts.onForget((userId) => this.keys.forget(userId));
  }

  /** Without a promise when the key is remembered. @param workspaceId what the caller asks for, null for the key's own */
  ofKey(secret: string, workspaceId: string | null): Principal | Promise<Principal> {
    if (!looksLikeApiKey(secret)) throw invalidApiKey();
    const key = this.keys.get(hashSecretToText(secret));
    return key instanceof Promise ? key.then((found) => this.admit(found, workspaceId)) : this.admit(key, workspaceId);
  }

  /** @param workspaceId null for the personal one */
  async ofToken({ sub, ver }: AccessClaims, workspaceId: string | null): Promise<Principal> {
    const account = await this.accounts.find(sub, workspaceId);
    if (account?.tokenVersion !== ver) throw invalidToken('This access token was ended by a change of the password.');
    return this.member(sub, account);
  }

  /**
   * Who asked for something that is done now, with the rights they have now. Throws what their own request would be
   * answered with.
   */
  async ofAccount({
    userId,
    workspaceId,
    apiKeyId,
  }: Pick<Principal, 'userId' | 'workspaceId' | 'apiKeyId'>): Promise<Principal> {
    if (apiKeyId) return this.admit(await this.apiKeys.findKnownById(apiKeyId, workspaceId), workspaceId);
    const account = await this.accounts.find(userId, workspaceId);
    if (!account) throw invalidToken('This account is gone.');
    return this.member(userId, account);
  }

  private member(userId: string, account: Account): Principal {
    if (account.suspended) throw suspended();
    if (account.workspaceId === null || account.role === null) throw workspaceNotFound();
    if (account.expiresAt && account.expiresAt.getTime() <= Date.now()) throw membershipExpired();
    const { workspaceId, role, instanceAdmin, rules, tier } = account;
    return { userId, workspaceId, role, instanceAdmin, apiKeyId: null, scopes: null, rules, tier };
  }

  private admit(key: KnownApiKey | null, workspaceId: string | null): Principal {
    if (!key) throw invalidApiKey();
    if (key.suspended) throw suspended();
    if (key.expiresAt <= Date.now()) throw invalidApiKey('This API key has expired.');
    if (key.memberUntil <= Date.now()) throw membershipExpired();
    if (workspaceId !== null && workspaceId !== key.principal.workspaceId) throw workspaceNotFound();
    this.lastUsed.note(key);
    return key.principal;
  }
}
