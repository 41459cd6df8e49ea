import { setTimeout as wait } from 'node:timers/promises';
import { type ChainableCommander } from 'ioredis';
import { type LiveLog } from './live-log';
import { closingId, DATA, END, entryId, logKey } from './redis-log-format';
import { type RedisConnection } from './redis-connection';

/** Entries of all logs wait so long for more, to go in one round trip. */
const LINGER_MS = 10;
const RETRY_MS = 250;
/** Most events of one log in one round trip; the rest follows in the next. */
const MOST_EVENTS = 1_000;
/** An open log is kept so long after its last write, in case its writer died. */
const OPEN_MS = 600_000;
const RENEW_MS = 60_000;
const CLOSED_MS = 60_000;

/** Redis's answer to an id that isn't above the last one: the entry was taken before, and only the answer was lost. */
const ALREADY_THERE = /equal or smaller/;

interface Copied {
  key: string;
  log: LiveLog;
  /** Seq of the newest entry known to be in Redis. */
  sent: number;
  /** Until when the expiry need not be renewed. */
  renewAt: number;
}

/**
 * Copies logs of this process to Redis, behind the back of those who write them. While Redis is away the logs themselves
 * are what is still to be sent. At each connection every open log is sent from its beginning, because Redis may have
 * forgotten it; ids that are there already are refused, so that nothing comes twice.
 */
export class RedisLogWriter {
  private readonly open = new Set<Copied>();
  private readonly changed = new Set<Copied>();
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(private readonly redis: RedisConnection) {
    redis.onReady(() => this.sendAllAgain());
  }

  /** Copies a log from now on. Returns what to call when it was appended to or closed. */
  add(key: string, log: LiveLog): () => void {
    const copied: Copied = { key: logKey(key), log, sent: 0, renewAt: 0 };
    this.open.add(copied);
    return () => {
      this.changed.add(copied);
      this.running ??= this.run();
    };
  }

  /** Sends what is left, unless Redis is away, and stops. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private sendAllAgain(): void {
    for (const copied of this.open) {
      Object.assign(copied, { sent: 0, renewAt: 0 });
      if (copied.log.last > 0) this.changed.add(copied);
    }
    if (this.changed.size > 0) this.running ??= this.run();
  }

  private async run(): Promise<void> {
    let pause = LINGER_MS;
    while (this.changed.size > 0 && !(this.stopped && pause === RETRY_MS)) {
      await wait(this.stopped ? 0 : pause);
      pause = (await this.flush()) ? LINGER_MS : RETRY_MS;
    }
    this.running = null;
  }

  /** One round trip for all that changed. True when Redis took it. */
  private async flush(): Promise<boolean> {
    for (const copied of this.changed) if (copied.log.forgotten) this.finish(copied);
    if (!this.redis.ready) return false;
    const pipeline = this.redis.client.pipeline();
    const group = [...this.changed];
    this.changed.clear();
    const sending = group.map((copied) => this.send(copied, pipeline));
    const taken = await this.redis.run(pipeline, ALREADY_THERE).then(
      () => true,
      (error: unknown) => {
        this.redis.complain(error);
        return false;
      },
    );
    group.forEach((copied, i) => this.settle(copied, taken ? sending[i] : undefined));
    return taken;
  }

  /** Adds the commands for what Redis lacks of one log. Returns how far they go. */
  private send(copied: Copied, pipeline: ChainableCommander): { sent: number; ended: boolean } {
    const { key, log } = copied;
    const entries = log.after(Math.max(copied.sent, log.oldest - 1), MOST_EVENTS) ?? [];
    const sent = entries.at(-1)?.seq ?? copied.sent;
    const ended = log.closed && sent === log.last;
    if (entries.length > 0) {
      const data = entries.flatMap((entry) => [DATA, entry.data]);
      if (log.oldest > 1) pipeline.xadd(key, 'MINID', '~', entryId(log.oldest), entryId(sent), ...data);
      else pipeline.xadd(key, entryId(sent), ...data);
    }
    if (ended) pipeline.xadd(key, closingId(sent), END, '');
    if (ended || Date.now() >= copied.renewAt) {
      pipeline.pexpire(key, ended ? CLOSED_MS : OPEN_MS);
      copied.renewAt = Date.now() + RENEW_MS;
    }
    return { sent, ended };
  }

  private settle(copied: Copied, taken: { sent: number; ended: boolean } | undefined): void {
    if (!taken) {
      copied.renewAt = 0;
      this.changed.add(copied);
    } else if (taken.ended) {
      this.finish(copied);
    } else {
      copied.sent = taken.sent;
      if (copied.sent < copied.log.last || copied.log.closed) this.changed.add(copied);
    }
  }

  private finish(copied: Copied): void {
    this.open.delete(copied);
    this.changed.delete(copied);
  }
}
