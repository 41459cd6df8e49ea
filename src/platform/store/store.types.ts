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

/** An amount that may be used up within any span of `windowMs`. */
export interface Window {
  /** Within its scope. */
  name: string;
  limit: number;
  windowMs: number;
  /** What is taken in the same step of time leaves the window together, with the last of it: never too early, up to a step too late. */
  stepMs: number;
}

export interface WindowState {
  used: number;
  /** Until nothing of it is in the window any more. */
  resetMs: number;
}

export interface Taking {
  /** When, in milliseconds since the epoch, by the store's clock. */
  at: number;
  /** After it, in the order of the windows. */
  states: WindowState[];
  /**
   * Null when it was taken. Else the window that will be full for longest, and how long until it has room again:
   * Infinity for more than it ever has.
   */
  refused: { index: number; waitMs: number } | null;
}

/**
 * Sliding windows: sums over the steps that lie in them, the oldest forgotten as time goes on. With steps of a
 * millisecond that is the log of all that was taken, and exact. A window keeps one number a step in which something was
 * taken, and nothing once it has emptied.
 */
export abstract class Windows {
  /**
   * Takes the amounts from all windows or, when one has no room, from none. An amount of 0 always fits: it only reads.
   * Throws `service_unavailable` when the store is away.
   * @param scope whose windows; only those of one scope can be taken from together
   */
  abstract take(scope: string, wanted: readonly (Window & { amount: number })[]): Promise<Taking>;

  /**
   * Undoes up to `amount` of what was taken from the window at `at`. What has left the window meanwhile is not given
   * back to a later one. Throws `service_unavailable` when the store is away.
   */
  abstract giveBack(scope: string, window: Window, at: number, amount: number): Promise<void>;
}

/** A place that is held. */
export interface Slot {
  /** Never waits and never throws; a second time does nothing. */
  release(): void;
}

/** Places of which only so many can be held at a time. One held by a process that dies is free again within five seconds. */
export abstract class Slots {
  /** Null when `limit` of them are held. Throws `service_unavailable` when the store is away. */
  abstract take(scope: string, name: string, limit: number): Promise<Slot | null>;
  /** How many are held now. Throws `service_unavailable` when the store is away. */
  abstract held(scope: string, name: string): Promise<number>;
}

/** One driver of all of them. */
export interface Store {
  streamLogs: StreamLogs;
  marks: Marks;
  counters: Counters;
  windows: Windows;
  slots: Slots;
  /** Throws when the store is away. Null: it can't be. */
  ping: (() => Promise<void>) | null;
  /** Shares what isn't shared yet, for a moment at most, and lets go of everything. */
  close(): Promise<void>;
}
