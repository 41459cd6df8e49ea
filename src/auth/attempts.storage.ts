import { type ThrottlerStorage } from '@nestjs/throttler';
import { type Counters } from '../platform/store/store.types';

/** Counts attempts over all processes. Throws `service_unavailable` while that can't be done. */
export class AttemptsStorage implements ThrottlerStorage {
  constructor(private readonly counters: Counters) {}

  async increment(key: string, ttl: number, limit: number): ReturnType<ThrottlerStorage['increment']> {
    const { hits, leftMs } = await this.counters.hit(`attempts:${key}`, ttl);
    const secondsLeft = Math.max(1, Math.ceil(leftMs / 1000));
    return {
      totalHits: hits,
      timeToExpire: secondsLeft,
      isBlocked: hits > limit,
      timeToBlockExpire: secondsLeft,
    };
  }
}
