import { type LogBounds, MemoryStreamLogs } from './memory-stream-logs';
import { type RedisConnection } from './redis-connection';
import { RedisLogReader } from './redis-log-reader';
import { RedisLogWriter } from './redis-log-writer';
import { type LogEntry, StreamLogs, type StreamLogWriter } from './store.types';

/** What this process writes it reads from its own memory, and copies to Redis for the others. */
export class RedisStreamLogs extends StreamLogs {
  private readonly local: MemoryStreamLogs;
  private readonly writer: RedisLogWriter;
  private readonly reader: RedisLogReader;

  constructor(redis: RedisConnection, bounds?: LogBounds) {
    super();
    this.local = new MemoryStreamLogs(bounds);
    this.writer = new RedisLogWriter(redis);
    this.reader = new RedisLogReader(redis);
  }

  open(key: string): StreamLogWriter {
    const { log, writer } = this.local.start(key);
    const changed = this.writer.add(key, log);
    return {
      append: (data) => {
        writer.append(data);
        changed();
      },
      close: () => {
        writer.close();
        changed();
      },
    };
  }

  follow(key: string, after: number, signal: AbortSignal): AsyncIterable<LogEntry[]> {
    return this.local.has(key) ? this.local.follow(key, after, signal) : this.reader.follow(key, after, signal);
  }

  read(key: string, after: number): Promise<LogEntry[]> {
    return this.local.has(key) ? this.local.read(key, after) : this.reader.read(key, after);
  }

  async stop(): Promise<void> {
    this.local.stop();
    await this.writer.stop();
  }
}
