/**
 * Short-lived state that processes share, behind small interfaces. Each has a driver in memory, for one process, and one
 * on Redis, for many. The abstract classes are the injection tokens.
 */

/** One event of a stream. `seq` counts from 1 without gaps; `data` is the writer's own text. */
export interface LogEntry {
  seq: number;
  data: string;
}

/** The end of a log that only its writer holds. Never waits and never throws: what can't be shared is kept here. */
export interface StreamLogWriter {
  /** Nothing is appended after `close`. */
  append(data: string): void;
  /** Nothing more comes. The log can be read for a short while longer. */
  close(): void;
}

/** What is being said at this moment, by key: one writer, any number of readers in any process. Bounded in length and time. */
export abstract class StreamLogs {
  /** A key names one log for ever and is opened once: the id of what is being said. */
  abstract open(key: string): StreamLogWriter;

  /**
   * What comes after `after`, in order and without gaps: what is there at once, then live entries, several together when
   * they are waiting. It ends when the log is closed or this process can't tell more: the log is unknown, its next entry
   * is no longer kept, the store is away, or nothing came for some seconds (its writer may have died). Whoever follows
   * then looks at the stored truth and may follow again, after a pause when nothing came: an end may come at once.
   */
  abstract follow(key: string, after: number, signal: AbortSignal): AsyncIterable<LogEntry[]>;

  /** What is there now after `after`, without gaps; empty when nothing is. Throws `service_unavailable` when the store is away. */
  abstract read(key: string, after: number): Promise<LogEntry[]>;
}

/**
 * Facts that hold until a moment, known to all processes: a breaker is open until then, a key rests until then. Answers
 * from a local copy that is at most a second old, so that asking costs nothing and works while the store is away.
 */
export abstract class Marks {
  /** Milliseconds since the epoch; 0 when the fact does not hold now. */
  abstract until(name: string): number;
  /** Replaces what was set before, here at once. */
  abstract set(name: string, until: number): void;
  abstract clear(name: string): void;
  /** True for one process only within `ms`, and there once. While the store is away every process decides for itself. */
  abstract claim(name: string, ms: number): Promise<boolean>;
  /** Lets go of a claim before its time, if this process holds it. */
  abstract release(name: string): void;
}

/** Counts in windows that begin with the first hit. */
export abstract class Counters {
  /** One more. `leftMs`: until the window ends. Throws `service_unavailable` when the store is away. */
  abstract hit(key: string, windowMs: number): Promise<{ hits: number; leftMs: number }>;
}

/** One driver of all three. */
export interface Store {
  streamLogs: StreamLogs;
  marks: Marks;
  counters: Counters;
  /** Throws when the store is away. Null: it can't be. */
  ping: (() => Promise<void>) | null;
  /** Shares what isn't shared yet, for a moment at most, and lets go of everything. */
  close(): Promise<void>;
}
