import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type Marks } from '../platform/store/store.types';
import { type UpstreamError, type UpstreamFailure } from './providers.errors';
import { type ProviderAdapter } from './providers.types';

/** One account at a provider: an adapter that holds its key. */
export interface ProviderKey {
  adapter: ProviderAdapter;
  /** Under which it is marked as resting, the same in every process. */
  mark: string;
}

/** Failures that are the key's, not the provider's, and how long it rests after them, in milliseconds. */
const RESTS: Partial<Record<UpstreamFailure, number>> = { auth: 300_000, quota: 300_000, rate_limit: 30_000 };
const LONGEST_REST_MS = 600_000;
const logger = new Logger('Route');

/** One configured provider. Its keys take turns; one that was refused or limited rests, in every process. */
export class Provider {
  private readonly keys: readonly ProviderKey[];
  private turn = 0;

  constructor(
    readonly id: string,
    accounts: readonly { apiKey: string | null; adapter: ProviderAdapter }[],
    private readonly marks: Marks,
  ) {
    this.keys = accounts.map(({ apiKey, adapter }) => ({ adapter, mark: `key:${id}:${fingerprint(apiKey ?? '')}` }));
  }

  /** The one that speaks for all where the key does not matter. */
  get adapter(): ProviderAdapter {
    const [first] = this.keys;
    if (!first) throw new Error(`${this.id} has no key`);
    return first.adapter;
  }

  get adapters(): ProviderAdapter[] {
    return this.keys.map(({ adapter }) => adapter);
  }

  /** The next in turn that does not rest, or when all do the one that rests the shortest; null when all were `tried`. */
  pick(tried: ReadonlySet<ProviderKey>): ProviderKey | null {
    const left = this.keys.filter((key) => !tried.has(key));
    const awake = left.filter((key) => this.isAwake(key));
    if (awake.length > 0) return awake[this.turn++ % awake.length] ?? null;
    if (tried.size > 0) return null; // a resting key is for those who have nothing else
    return left.reduce<ProviderKey | null>(
      (best, key) => (best && this.rests(best) <= this.rests(key) ? best : key),
      null,
    );
  }

  /**
   * Lets a key rest if the failure was its own, and says whether it was. The last one awake goes on: nobody is served by
   * none.
   */
  rest(key: ProviderKey, { failure, retryAfterSeconds }: UpstreamError): boolean {
    const usual = RESTS[failure];
    if (usual === undefined) return false;
    if (this.keys.some((other) => other !== key && this.isAwake(other))) {
      const asked = retryAfterSeconds === null ? usual : retryAfterSeconds * 1000;
      const restMs = Math.min(asked, LONGEST_REST_MS);
      this.marks.set(key.mark, Date.now() + restMs);
      const { total, resting } = this.state;
      logger.warn(
        `${this.id}: a key rests for ${restMs / 1000} s (${failure}); ${total - resting} of ${total} are awake`,
      );
    }
    return true;
  }

  /** How many keys there are, and how many of them rest. */
  get state(): { total: number; resting: number } {
    return { total: this.keys.length, resting: this.keys.filter((key) => !this.isAwake(key)).length };
  }

  async close(): Promise<void> {
    await Promise.all(this.adapters.map((adapter) => adapter.close()));
  }

  private isAwake(key: ProviderKey): boolean {
    return this.keys.length === 1 || this.rests(key) === 0;
  }

  private rests({ mark }: ProviderKey): number {
    return this.marks.until(mark);
  }
}

/** Tells keys apart without telling them. */
const fingerprint = (apiKey: string) => createHash('sha256').update(apiKey).digest('hex').slice(0, 12);
