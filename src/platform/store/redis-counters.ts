import { type RedisConnection, storeKey } from './redis-connection';
import { Counters } from './store.types';

const HIT = `
  local hits = redis.call('INCR', KEYS[1])
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
  end
  return {hits, left}`;

export class RedisCounters extends Counters {
  constructor(private readonly redis: RedisConnection) {
    super();
  }

  async hit(key: string, windowMs: number): Promise<{ hits: number; leftMs: number }> {
    const counted = await this.redis.ask((client) => client.eval(HIT, 1, storeKey(key, 'count'), windowMs));
    const [hits, leftMs] = counted as [number, number];
    return { hits, leftMs };
  }
}
