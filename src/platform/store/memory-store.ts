import { MemoryCounters } from './memory-counters';
import { MemoryMarks } from './memory-marks';
import { type LogBounds, MemoryStreamLogs } from './memory-stream-logs';
import { type Store } from './store.types';

/** For one process. */
export function memoryStore(bounds?: LogBounds): Store {
  const streamLogs = new MemoryStreamLogs(bounds);
  return {
    streamLogs,
    marks: new MemoryMarks(),
    counters: new MemoryCounters(),
    ping: null,
    close: () => {
      streamLogs.stop();
      return Promise.resolve();
    },
  };
}
