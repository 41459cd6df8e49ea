import { Injectable } from '@nestjs/common';
import { Invalidations } from '../platform/database/invalidations';
import { LookupCache } from '../platform/database/lookup-cache';
import { AccountsRepository } from './accounts.repository';
import { type Account } from './workspaces.types';

const TOPIC = 'accounts';
const REMEMBERED = { max: 20_000, ttlMs: 10_000 };

/** Roles and token versions as every request needs them: remembered for seconds, forgotten at once when they change. */
@Injectable()
export class AccountsService {
  private readonly cache: LookupCache<Account>;
  private readonly listeners: ((userId: string | null) => void)[] = [];

  constructor(
    accounts: AccountsRepository,
    private readonly invalidations: Invalidations,
  ) {
    this.cache = new LookupCache({
      ...REMEMBERED,
      ownerOf: ({ userId }) => userId,
      trusted: () => invalidations.connected,
      load: (key) => {
        const [userId = '', workspaceId] = key.split(' ');
        return accounts.find(userId, workspaceId ?? null);
      },
    });
    invalidations.on(TOPIC, (userId) => this.forget(userId));
  }

  /** Null when there is no such user. Without a promise when it is remembered. @param workspaceId null for the personal one */
  find(userId: string, workspaceId: string | null): Account | null | Promise<Account | null> {
    return this.cache.get(workspaceId === null ? userId : `${userId} ${workspaceId}`);
  }

  /**
   * SQL for the transaction of a change to a user's roles, password or API keys: every process forgets what it knew.
   * Null for everybody's.
   */
  announcement(userId: string | null): [sql: string, parameters: string[]] {
    return this.invalidations.announcement(TOPIC, userId);
  }

  /** After that transaction, so that this process has forgotten before it answers. Null forgets everybody. */
  forget(userId: string | null): void {
    this.cache.forget(userId);
    for (const listener of this.listeners) listener(userId);
  }

  /** For what else is remembered of a user's credentials. */
  onForget(listener: (userId: string | null) => void): void {
    this.listeners.push(listener);
  }
}
