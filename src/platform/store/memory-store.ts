import { MemoryCounters } from './memory-counters';
import { MemoryMarks } from './memory-marks';
import { MemorySlots } from './memory-slots';
import { type LogBounds, MemoryStreamLogs } from './memory-stream-logs';
import { MemoryWindows } from './memory-windows';
import { type Store } from './store.types';

/** For one process. */
export function memoryStore(bounds?: LogBounds): Store {
  const streamLogs = new MemoryStreamLogs(bounds);
  return {
    streamLogs,
    marks: new MemoryMarks(),
    counters: new MemoryCounters(),
    windows: new MemoryWindows(),
    slots: new MemorySlots(),
    ping: null,
    close: () => {
      streamLogs.stop();
      return Promise.resolve();
    },
  };
}
