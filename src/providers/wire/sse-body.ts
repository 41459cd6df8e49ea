import { type Readable } from 'node:stream';
import { SseParser } from './sse-parser';

/** Events kept for a reader that is busy, before the body is paused. */
const MOST_WAITING = 64;

type Step = IteratorResult<string[], undefined>;
const END: Step = { done: true, value: undefined };

/**
 * The events of a body as they come, those that wait together in one piece. Written out rather than generated, and fed by
 * the body's own events: a wait costs one promise (docs/decisions/0008). Whoever stops iterating leaves the body as it
 * is, paused, for `ProviderHttp.release`.
 */
export class SseBody implements AsyncIterableIterator<string[], undefined> {
  private readonly parser = new SseParser();
  private waiting: string[] = [];
  private ended = false;
  private failure: Error | null = null;
  private reader: PromiseWithResolvers<Step> | null = null;

  constructor(private readonly body: Readable) {
    body.on('data', this.onData).once('end', this.onEnd).once('error', this.onError).once('close', this.onClose);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    const step = this.step();
    if (step) return Promise.resolve(step);
    if (this.failure) return Promise.reject(this.failure);
    this.reader = Promise.withResolvers();
    return this.reader.promise;
  }

  return(): Promise<Step> {
    this.ended = true;
    this.waiting = [];
    this.body.pause();
    this.body.off('data', this.onData).off('end', this.onEnd).off('error', this.onError).off('close', this.onClose);
    this.wake();
    return Promise.resolve(END);
  }

  /** What can be said now; null when more has to come. */
  private step(): Step | null {
    if (this.waiting.length === 0) return this.ended ? END : null;
    const value = this.waiting;
    this.waiting = [];
    if (this.body.isPaused()) this.body.resume();
    return { done: false, value };
  }

  private readonly onData = (bytes: Uint8Array): void => {
    try {
      this.take(this.parser.push(bytes));
    } catch (error) {
      this.onError(error as Error);
    }
  };

  private readonly onEnd = (): void => {
    this.take(this.parser.end());
    this.ended = true;
    this.wake();
  };

  private readonly onError = (error: Error): void => {
    this.failure ??= error;
    if (this.waiting.length > 0) return;
    this.reader?.reject(error);
    this.reader = null;
  };

  /** After an end or an error, or without either when it was destroyed. */
  private readonly onClose = (): void => {
    if (!this.failure) this.ended = true;
    this.wake();
  };

  private take(events: string[]): void {
    if (events.length === 0) return;
    this.waiting = this.waiting.length === 0 ? events : [...this.waiting, ...events];
    this.wake();
    if (this.waiting.length > MOST_WAITING) this.body.pause();
  }

  private wake(): void {
    if (!this.reader) return;
    const step = this.step();
    if (!step) return;
    this.reader.resolve(step);
    this.reader = null;
  }
}
