import { type ThrottlerStorage } from '@nestjs/throttler';
import { LRUCache } from 'lru-cache';

interface Count {
  hits: number;
  endsAt: number;
}

/** Bounds memory: whoever floods it with addresses only pushes out the ones seen longest ago. */
const MAX_COUNTS = 50_000;

/** Counts per key in windows that begin with the first hit. In memory: a limit of each process. */
export class AttemptsStorage implements ThrottlerStorage {
  private readonly counts = new LRUCache<string, Count>({ max: MAX_COUNTS });

  increment(key: string, ttl: number, limit: number): ReturnType<ThrottlerStorage['increment']> {
    const now = Date.now();
    let count = this.counts.get(key);
    if (!count || count.endsAt <= now) {
      count = { hits: 0, endsAt: now + ttl };
      this.counts.set(key, count);
    }
    count.hits++;
    const secondsLeft = Math.ceil((count.endsAt - now) / 1000);
    return Promise.resolve({
      totalHits: count.hits,
      timeToExpire: secondsLeft,
      isBlocked: count.hits > limit,
      timeToBlockExpire: secondsLeft,
    });
  }
}
