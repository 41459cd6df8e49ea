import { LRUCache } from 'lru-cache';
import { Marks } from './store.types';

/** Bounds memory: beyond them the names not asked for longest are forgotten. */
const MAX_NAMES = 10_000;

export class MemoryMarks extends Marks {
  private readonly marks = new LRUCache<string, number>({ max: MAX_NAMES });
  private readonly claims = new LRUCache<string, number>({ max: MAX_NAMES });

  until(name: string): number {
    const until = this.marks.get(name);
    if (until === undefined) return 0;
    if (until > Date.now()) return until;
    this.marks.delete(name);
    return 0;
  }

  set(name: string, until: number): void {
    this.marks.set(name, until);
  }

  clear(name: string): void {
    this.marks.delete(name);
  }

  claim(name: string, ms: number): Promise<boolean> {
    const now = Date.now();
    if ((this.claims.get(name) ?? 0) > now) return Promise.resolve(false);
    this.claims.set(name, now + ms);
    return Promise.resolve(true);
  }

  release(name: string): void {
    this.claims.delete(name);
  }
}
