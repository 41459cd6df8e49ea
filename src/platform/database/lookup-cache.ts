import { LRUCache } from 'lru-cache';

interface LookupCacheOptions<V> {
  /** The look-up itself; null when there is no such thing, which is remembered too. */
  load: (key: string) => Promise<V | null>;
  /** Whose value it is: values are forgotten by owner. */
  ownerOf: (value: V) => string;
  /** Whether changes are heard of now. While they aren't, nothing remembered is used. */
  trusted: () => boolean;
  max: number;
  ttlMs: number;
}

/**
 * Remembers look-ups for a short while. Concurrent look-ups of one key share one query. What is found and what is
 * missing have separate bounds, so that guessing can't push out what is in use. For keys that can't be asked for before
 * their thing exists, because what is missing is not forgotten with an owner.
 */
export class LookupCache<V extends object> {
  private readonly found: LRUCache<string, V>;
  private readonly missing: LRUCache<string, true>;
  private readonly pending = new Map<string, Promise<V | null>>();
  private readonly keysOf = new Map<string, Set<string>>();

  constructor(private readonly options: LookupCacheOptions<V>) {
    const { max, ttlMs: ttl } = options;
    this.found = new LRUCache({ max, ttl, dispose: (value, key) => this.unlist(value, key) });
    this.missing = new LRUCache({ max, ttl });
  }

  /** A remembered value comes without a promise. */
  get(key: string): V | null | Promise<V | null> {
    if (!this.options.trusted()) return this.options.load(key);
    const value = this.found.get(key);
    if (value) return value;
    if (this.missing.has(key)) return null;
    return this.pending.get(key) ?? this.load(key);
  }

  /** Look-ups under way still answer those who asked before, and are not remembered. Null forgets everything. */
  forget(owner: string | null): void {
    this.pending.clear();
    if (owner === null) {
      this.found.clear();
      this.missing.clear();
    } else {
      for (const key of [...(this.keysOf.get(owner) ?? [])]) this.found.delete(key);
    }
  }

  private load(key: string): Promise<V | null> {
    const loading: Promise<V | null> = this.options.load(key).then(
      (value) => {
        if (this.settled(key, loading)) this.remember(key, value);
        return value;
      },
      (error: unknown) => {
        this.settled(key, loading);
        throw error;
      },
    );
    this.pending.set(key, loading);
    return loading;
  }

  /** True when nothing was forgotten since the look-up began. */
  private settled(key: string, loading: Promise<V | null>): boolean {
    if (this.pending.get(key) !== loading) return false;
    return this.pending.delete(key);
  }

  private remember(key: string, value: V | null): void {
    if (!value) {
      this.missing.set(key, true);
      return;
    }
    this.found.set(key, value); // disposes of an older value first
    const owner = this.options.ownerOf(value);
    const keys = this.keysOf.get(owner);
    if (keys) keys.add(key);
    else this.keysOf.set(owner, new Set([key]));
  }

  private unlist(value: V, key: string): void {
    const owner = this.options.ownerOf(value);
    const keys = this.keysOf.get(owner);
    if (keys?.delete(key) && keys.size === 0) this.keysOf.delete(owner);
  }
}
