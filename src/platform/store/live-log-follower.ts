import { type LiveLog } from './live-log';
import { type LogEntry } from './store.types';

type Step = IteratorResult<LogEntry[], undefined>;
const END: Step = { done: true, value: undefined };

/**
 * Iterates over a log of this process. Written out rather than generated: a wait costs one promise, and `return` is
 * obeyed also while `next` waits. It is known to the log only while it waits, and to the signal only until it ends.
 */
export class LiveLogFollower implements AsyncIterableIterator<LogEntry[], undefined> {
  private resolve: ((step: Step) => void) | null = null;
  private listening = false;
  private ended = false;

  constructor(
    private readonly log: LiveLog,
    private seq: number,
    private readonly signal: AbortSignal,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    this.listen();
    const step = this.step();
    if (step) return Promise.resolve(step);
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.log.onChange(this.woken);
    });
  }

  return(): Promise<Step> {
    this.end();
    return Promise.resolve(END);
  }

  /** What can be said now; null when more has to come. */
  private step(): Step | null {
    if (this.ended) return END;
    const entries = this.log.after(this.seq);
    if (entries && entries.length > 0) {
      this.seq += entries.length;
      return { done: false, value: entries };
    }
    if (entries && !this.log.closed) return null;
    this.end();
    return END;
  }

  private listen(): void {
    if (this.listening || this.ended) return;
    this.listening = true;
    if (this.signal.aborted) this.end();
    else this.signal.addEventListener('abort', this.end);
  }

  private readonly woken = (): void => {
    const step = this.step();
    if (!step) return this.log.onChange(this.woken);
    this.resolve?.(step);
    this.resolve = null;
  };

  private readonly end = (): void => {
    this.ended = true;
    this.signal.removeEventListener('abort', this.end);
    this.log.offChange(this.woken);
    this.resolve?.(END);
    this.resolve = null;
  };
}
