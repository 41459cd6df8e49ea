import { Injectable } from '@nestjs/common';
import { type Actor } from '../audit/audit.types';
import { apiKeyNotFound } from '../auth/api-keys.errors';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type Page, toPage } from '../platform/common/http/pagination';
import { Config } from '../platform/config/config.service';
import { AccountsService } from '../workspaces/accounts.service';
import { type SearchQuery } from './admin.dto';
import { noSuchWorkspace, ownAccount, userNotFound } from './admin.errors';
import { AdminRepository } from './admin.repository';
import {
  type AdminApiKey,
  type AdminUser,
  type AdminWorkspace,
  type UserChange,
  type WorkspaceChange,
} from './admin.types';

/** What those do who run the installation: over HTTP as a principal, on the command line as nobody in particular. */
@Injectable()
export class AdminService {
  constructor(
    private readonly repository: AdminRepository,
    private readonly accounts: AccountsService,
    private readonly config: Config,
  ) {}

  async users(query: SearchQuery): Promise<Page<AdminUser>> {
    return toPage(await this.repository.users(query), query.limit, (user) => user);
  }

  /** Throws `user_not_found`. */
  async userByEmail(email: string): Promise<AdminUser> {
    return (await this.repository.findUserByEmail(email)) ?? missing(userNotFound);
  }

  /** It holds, here, before this resolves, and everywhere else as soon as they hear of it. */
  async updateUser(actor: Principal | null, id: string, change: UserChange): Promise<AdminUser> {
    if (actor?.userId === id && (change.suspended || change.instance_admin === false)) throw ownAccount();
    this.assertTier(change.tier);
    const user = (await this.repository.updateUser(actor, id, change)) ?? missing(userNotFound);
    this.accounts.forget(id);
    return user;
  }

  async workspaces(query: SearchQuery): Promise<Page<AdminWorkspace>> {
    return toPage(await this.repository.workspaces(query), query.limit, (workspace) => workspace);
  }

  async updateWorkspace(actor: Principal | null, id: string, change: WorkspaceChange): Promise<AdminWorkspace> {
    if (actor?.workspaceId === id && change.suspended) throw ownAccount();
    this.assertTier(change.tier);
    const workspace = (await this.repository.updateWorkspace(actor, id, change)) ?? missing(noSuchWorkspace);
    this.accounts.forget(null);
    return workspace;
  }

  async updateApiKey(actor: Actor, id: string, tier: string | null): Promise<AdminApiKey> {
    this.assertTier(tier);
    const key = (await this.repository.updateApiKey(actor, id, tier)) ?? missing(apiKeyNotFound);
    this.accounts.forget(key.user_id);
    return key;
  }

  private assertTier(tier: string | null | undefined): void {
    const names = Object.keys(this.config.yaml.tiers);
    if (tier === undefined || tier === null || names.includes(tier)) return;
    const there = names.length > 0 ? `one of ${names.join(', ')}` : 'none: parley.yaml has no tiers';
    throw validationFailed([{ field: 'tier', message: `tier: expected ${there}` }]);
  }
}

const missing = (error: () => Error): never => {
  throw error();
};
