import { LRUCache } from 'lru-cache';

interface LookupCacheOptions<V> {
  /** The look-up itself; null when there is no such thing, which is remembered too. */
  load: (key: string) => Promise<V | null>;
  /** Whether changes are heard of now. While they aren't, nothing remembered is used. */
  trusted: () => boolean;
  max: number;
  ttlMs: number;
}

/**
 * Remembers look-ups for a short while. Concurrent look-ups of one key share one query. What is found and what is
 * missing have separate bounds, so that guessing can't push out what is in use. A look-up under way while something
 * is forgotten still answers those who asked before, and is not remembered.
 */
export class LookupCache<V extends object> {
  private readonly found: LRUCache<string, V>;
  private readonly missing: LRUCache<string, true>;
  private readonly pending = new Map<string, Promise<V | null>>();

  constructor(private readonly options: LookupCacheOptions<V>) {
    const { max, ttlMs: ttl } = options;
    this.found = new LRUCache({ max, ttl });
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

  /** Forgets the values that `matches`, and everything that was not there. */
  forget(matches: (value: V) => boolean): void {
    for (const [key, value] of this.found.entries()) if (matches(value)) this.found.delete(key);
    this.missing.clear();
    this.pending.clear();
  }

  private load(key: string): Promise<V | null> {
    const loading: Promise<V | null> = this.options.load(key).then(
      (value) => {
        if (this.settled(key, loading)) {
          if (value) this.found.set(key, value);
          else this.missing.set(key, true);
        }
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
}
