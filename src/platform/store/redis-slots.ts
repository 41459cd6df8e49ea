import { Logger } from '@nestjs/common';
import { every } from '../common/every';
import { newId } from '../common/ids';
import { type RedisConnection, storeKey } from './redis-connection';
import { type Slot, Slots } from './store.types';

const LEASE_MS = 5_000;
const RENEW_MS = 1_000;

/** One sorted set of those who hold a place, by when their lease runs out. */
const TAKE = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1`;

/** Also a lease that ran out while its process was away: the place is held. */
const RENEW = `
  local time = redis.call('TIME')
  local expires = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
  for i = 2, #ARGV do redis.call('ZADD', KEYS[1], expires, ARGV[i]) end
  redis.call('PEXPIRE', KEYS[1], ARGV[1])`;

const HELD = `
  local time = redis.call('TIME')
  return redis.call('ZCOUNT', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + 1, '+inf')`;

/** Places held in leases, which this process renews while it lives. */
export class RedisSlots extends Slots {
  /** By key. */
  private readonly own = new Map<string, Set<string>>();
  readonly stop: () => void;

  constructor(private readonly redis: RedisConnection) {
    super();
    this.stop = every(RENEW_MS, new Logger('Store'), () => this.renew());
  }

  async take(scope: string, name: string, limit: number): Promise<Slot | null> {
    const key = keyOf(scope, name);
    const id = newId();
    const taken = await this.redis.ask((client) => client.eval(TAKE, 1, key, limit, LEASE_MS, id));
    if (taken === 0) return null;
    this.hold(key, id);
    return { release: () => this.release(key, id) };
  }

  async held(scope: string, name: string): Promise<number> {
    return Number(await this.redis.ask((client) => client.eval(HELD, 1, keyOf(scope, name))));
  }

  private hold(key: string, id: string): void {
    const ids = this.own.get(key);
    if (ids) ids.add(id);
    else this.own.set(key, new Set([id]));
  }

  private release(key: string, id: string): void {
    const ids = this.own.get(key);
    if (!ids?.delete(id)) return;
    if (ids.size === 0) this.own.delete(key);
    this.redis.client.zrem(key, id).catch((error: unknown) => this.redis.complain(error)); // its lease runs out
  }

  private async renew(): Promise<void> {
    if (!this.redis.ready || this.own.size === 0) return;
    const pipeline = this.redis.client.pipeline();
    for (const [key, ids] of this.own) pipeline.eval(RENEW, 1, key, LEASE_MS, ...ids);
    await this.redis.run(pipeline).catch((error: unknown) => this.redis.complain(error));
  }
}

const keyOf = (scope: string, name: string): string => storeKey(scope, `slots:${name}`);
