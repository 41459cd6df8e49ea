import { MemoryMarks } from './memory-marks';
import { type RedisConnection, storeKey } from './redis-connection';
import { Marks } from './store.types';

const REFRESH_MS = 400;
/** One sorted set of names, by when they end. */
const KEY = storeKey('marks', 'until');

/**
 * Marks in Redis, answered from a copy of them that is fetched several times a second. What is set here is in the copy
 * at once, and goes out with the next fetch. At each connection the copy is given back: Redis may have forgotten all.
 */
export class RedisMarks extends Marks {
  private copy = new Map<string, number>();
  /** Set or cleared (0) here, and not in Redis yet. */
  private readonly unsent = new Map<string, number>();
  /** Claims this process holds: they count while Redis is away, too. */
  private readonly own = new MemoryMarks();
  private syncing: Promise<void> | null = null;
  private giveBack = false;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly redis: RedisConnection) {
    super();
    this.timer = setInterval(() => void this.sync(), REFRESH_MS);
    redis.onReady(() => {
      this.giveBack = true;
      void this.sync();
    });
  }

  until(name: string): number {
    const until = this.copy.get(name) ?? 0;
    return until > Date.now() ? until : 0;
  }

  set(name: string, until: number): void {
    this.copy.set(name, until);
    this.unsent.set(name, until);
    void this.sync();
  }

  clear(name: string): void {
    this.copy.delete(name);
    this.unsent.set(name, 0);
    void this.sync();
  }

  async claim(name: string, ms: number): Promise<boolean> {
    const asked = Date.now();
    try {
      const taken = await this.redis.client.set(storeKey(name, 'claim'), '1', 'PX', ms, 'NX');
      if (taken) this.own.set(name, asked + ms);
      return taken !== null;
    } catch (error) {
      this.redis.complain(error);
      if (this.own.until(name) > 0) return false;
      this.own.set(name, asked + ms);
      return true;
    }
  }

  release(name: string): void {
    if (this.own.until(name) === 0) return; // it is somebody else's by now
    this.own.clear(name);
    this.redis.client.del(storeKey(name, 'claim')).catch((error: unknown) => this.redis.complain(error));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.sync(); // one under way may not have what was set last
    if (this.unsent.size > 0) await this.sync();
  }

  /** Never throws. One at a time: whoever comes meanwhile gets the one under way. */
  private sync(): Promise<void> {
    if (!this.redis.ready) return Promise.resolve();
    this.syncing ??= this.exchange()
      .catch((error: unknown) => this.redis.complain(error))
      .finally(() => (this.syncing = null));
    return this.syncing;
  }

  private async exchange(): Promise<void> {
    const now = Date.now();
    const sent = [...this.unsent];
    const pipeline = this.redis.client.pipeline();
    if (this.giveBack) {
      for (const [name, until] of this.copy) if (until > now) pipeline.zadd(KEY, 'NX', until, name);
    }
    for (const [name, until] of sent) {
      if (until > now) pipeline.zadd(KEY, until, name);
      else pipeline.zrem(KEY, name);
    }
    if (sent.length > 0) pipeline.zremrangebyscore(KEY, '-inf', now);
    pipeline.zrange(KEY, now, '+inf', 'BYSCORE', 'WITHSCORES');

    const answers = await this.redis.run(pipeline);
    this.giveBack = false;
    for (const [name, until] of sent) if (this.unsent.get(name) === until) this.unsent.delete(name);
    this.replaceCopy(answers.at(-1) as string[]);
  }

  /** `fetched`: name, score, name, score … What was set here meanwhile stands. */
  private replaceCopy(fetched: string[]): void {
    const copy = new Map<string, number>();
    for (let i = 0; i < fetched.length; i += 2) copy.set(fetched[i] ?? '', Number(fetched[i + 1]));
    for (const [name, until] of this.unsent) {
      if (until > 0) copy.set(name, until);
      else copy.delete(name);
    }
    this.copy = copy;
  }
}
