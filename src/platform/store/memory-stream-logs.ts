import { LiveLog } from './live-log';
import { LiveLogFollower } from './live-log-follower';
import { type LogEntry, StreamLogs, type StreamLogWriter } from './store.types';

export interface LogBounds {
  /** Characters of data one log keeps. */
  logChars: number;
  /** Characters all closed logs keep together: beyond them the longest closed go first. */
  closedChars: number;
  /** How long a closed log can still be read. */
  closedMs: number;
}

export const LOG_BOUNDS: LogBounds = { logChars: 4_000_000, closedChars: 32_000_000, closedMs: 60_000 };

const NOTHING: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

/** Logs that this process writes. */
export class MemoryStreamLogs extends StreamLogs {
  private readonly logs = new Map<string, LiveLog>();
  /** In the order in which they were closed. */
  private readonly closed = new Map<string, { log: LiveLog; endsAt: number }>();
  private closedChars = 0;
  private sweeper: NodeJS.Timeout | null = null;

  constructor(private readonly bounds: LogBounds = LOG_BOUNDS) {
    super();
  }

  open(key: string): StreamLogWriter {
    return this.start(key).writer;
  }

  /** The new log itself too, for whoever copies it. */
  start(key: string): { log: LiveLog; writer: StreamLogWriter } {
    if (this.logs.has(key)) throw new Error(`the log ${key} was opened before`);
    const log = new LiveLog(this.bounds.logChars);
    this.logs.set(key, log);
    return { log, writer: { append: (data) => log.append(data), close: () => this.close(key, log) } };
  }

  follow(key: string, after: number, signal: AbortSignal): AsyncIterable<LogEntry[]> {
    const log = this.logs.get(key);
    return log ? new LiveLogFollower(log, after, signal) : NOTHING;
  }

  read(key: string, after: number): Promise<LogEntry[]> {
    return Promise.resolve(this.logs.get(key)?.after(after) ?? []);
  }

  has(key: string): boolean {
    return this.logs.has(key);
  }

  stop(): void {
    for (const [key, log] of this.logs) this.close(key, log);
    if (this.sweeper) clearTimeout(this.sweeper);
    this.sweeper = null;
  }

  private close(key: string, log: LiveLog): void {
    if (log.closed) return;
    log.close();
    this.closed.set(key, { log, endsAt: Date.now() + this.bounds.closedMs });
    this.closedChars += log.size;
    this.sweep();
  }

  private sweep(): void {
    const now = Date.now();
    for (const [key, { log, endsAt }] of this.closed) {
      if (endsAt > now && this.closedChars <= this.bounds.closedChars) break;
      this.closed.delete(key);
      this.logs.delete(key);
      this.closedChars -= log.size;
      log.forget();
    }
    const [next] = this.closed.values();
    if (!next || this.sweeper) return;
    this.sweeper = setTimeout(() => {
      this.sweeper = null;
      this.sweep();
    }, next.endsAt - now).unref();
  }
}
