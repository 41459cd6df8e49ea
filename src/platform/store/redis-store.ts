import { type LogBounds } from './memory-stream-logs';
import { RedisConnection } from './redis-connection';
import { RedisCounters } from './redis-counters';
import { RedisMarks } from './redis-marks';
import { RedisSlots } from './redis-slots';
import { RedisStreamLogs } from './redis-stream-logs';
import { RedisWindows } from './redis-windows';
import { type Store } from './store.types';

/** For many processes on one Redis. It is usable at once, also while Redis is away. */
export function redisStore(url: string, bounds?: LogBounds): Store {
  const redis = new RedisConnection(url);
  const streamLogs = new RedisStreamLogs(redis, bounds);
  const marks = new RedisMarks(redis);
  const slots = new RedisSlots(redis);
  return {
    streamLogs,
    marks,
    counters: new RedisCounters(redis),
    windows: new RedisWindows(redis),
    slots,
    ping: async () => {
      await redis.ask((client) => client.ping());
    },
    close: async () => {
      slots.stop();
      await Promise.all([streamLogs.stop(), marks.stop()]);
      await redis.close();
    },
  };
}
