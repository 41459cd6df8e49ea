import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { type Response } from 'express';
import { logFailure } from '../errors/exception.filter';
import { type ErrorBody, toProblem } from '../errors/problem';
import { requestIdOf } from './request-id';

/** How one surface writes its events. Frames are complete server-sent events (WHATWG HTML, section 9.2). */
export interface EventCodec<E> {
  /** Whether the answer has begun with this event. Headers wait for it, so that an earlier failure is a plain HTTP error. */
  begins(event: E): boolean;
  /** Headers besides those of the stream, asked for at the moment they leave. */
  headers(): Record<string, string>;
  /** What is said first when the headers leave before the first event. */
  early(): string;
  frame(event: E): string;
  failure(error: ErrorBody): string;
  end(): string;
}

const HEADERS_AFTER_MS = 5_000;
const KEEP_ALIVE_MS = 15_000;
const logger = new Logger('Streams');

/**
 * Writes `events` to the client. What is waiting is written at once in one piece; a slow reader slows the iteration.
 * Headers leave with the first event that begins the answer, or after 5 s. A failure before that is thrown; a later
 * one is said in the stream, which then ends without `end()`.
 */
export async function sendEvents<E>(
  res: Response,
  events: AsyncIterable<E>,
  codec: EventCodec<E>,
  gone: AbortSignal,
): Promise<void> {
  const out = new Batch(res);
  const open = () => {
    clearTimeout(headersDue);
    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...codec.headers(),
    });
    out.open();
  };
  const headersDue = setTimeout(() => {
    try {
      out.push(codec.early());
      open();
    } catch (error) {
      logFailure(logger, error);
      res.destroy(); // nobody else would catch it; the iteration ends by `gone`
    }
  }, HEADERS_AFTER_MS);

  try {
    for await (const event of events) {
      out.push(codec.frame(event));
      if (!res.headersSent && codec.begins(event)) open();
      if (res.writableNeedDrain) await once(res, 'drain', { signal: gone });
    }
    if (!res.headersSent) open();
    out.push(codec.end());
  } catch (error) {
    if (!res.headersSent && !gone.aborted) throw error;
    if (gone.aborted) return;
    logFailure(logger, error);
    out.push(codec.failure(toProblem(error, requestIdOf(res.req)).error));
  } finally {
    clearTimeout(headersDue);
    out.close();
    if (res.headersSent || gone.aborted) res.end();
  }
}

/** Collects frames until the event loop turns, then writes them as one; says something when nothing was said for long. */
class Batch {
  private waiting = '';
  private opened = false;
  private scheduled: NodeJS.Immediate | null = null;
  private keepAlive: NodeJS.Timeout | null = null;

  constructor(private readonly res: Response) {}

  push(frame: string): void {
    this.waiting += frame;
    if (this.opened) this.scheduled ??= setImmediate(() => this.flush());
  }

  /** Called once the headers are out. */
  open(): void {
    this.opened = true;
    this.keepAlive = setInterval(() => this.push(': keep-alive\n\n'), KEEP_ALIVE_MS);
    this.flush();
  }

  close(): void {
    if (this.keepAlive) clearInterval(this.keepAlive);
    if (this.opened) this.flush();
  }

  private flush(): void {
    if (this.scheduled) clearImmediate(this.scheduled);
    this.scheduled = null;
    if (!this.waiting) return;
    if (!this.res.destroyed) this.res.write(this.waiting);
    this.waiting = '';
    this.keepAlive?.refresh();
  }
}
