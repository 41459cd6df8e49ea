import { LRUCache } from 'lru-cache';
import { Counters } from './store.types';

interface Count {
  hits: number;
  endsAt: number;
}

/** Bounds memory: whoever floods it with keys only pushes out the ones hit longest ago. */
const MAX_COUNTS = 50_000;

export class MemoryCounters extends Counters {
  private readonly counts = new LRUCache<string, Count>({ max: MAX_COUNTS });

  hit(key: string, windowMs: number): Promise<{ hits: number; leftMs: number }> {
    const now = Date.now();
    let count = this.counts.get(key);
    if (!count || count.endsAt <= now) {
      count = { hits: 0, endsAt: now + windowMs };
      this.counts.set(key, count);
    }
    count.hits++;
    return Promise.resolve({ hits: count.hits, leftMs: count.endsAt - now });
  }
}
