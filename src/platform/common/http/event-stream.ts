import { type Response } from 'express';
import { type AnswerRecorder, recorderOf } from './answer-recorder';

const KEEP_ALIVE_MS = 15_000;
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};
/** Written at once at most, in characters or bytes: a reader that is slow, but reads, drains so much in time. */
const PIECE = 65_536;

/**
 * An answer of server-sent events (WHATWG HTML, section 9.2). Frames that wait together are written as one piece when
 * the event loop turns; a comment is said when nothing was said for 15 s. What is written to a client that has left is
 * dropped. A recorder hears it all, and the last event leaves only when it has.
 */
export class EventStream {
  private waiting = '';
  private opened = false;
  private scheduled: NodeJS.Immediate | null = null;
  private keepAlive: NodeJS.Timeout | null = null;
  private readonly recorder: AnswerRecorder | null;
  private begun = false;
  /** The last event, and whatever follows it, while the recorder does not have it. */
  private last = '';

  /** @param stalledMs whoever reads nothing for so long is cut off */
  constructor(
    private readonly res: Response,
    private readonly stalledMs: number,
  ) {
    this.recorder = recorderOf(res);
  }

  /** The headers leave, with what is waiting or comes before the event loop turns. */
  open(more: Record<string, string>): void {
    const headers = { ...HEADERS, ...more };
    if (!this.begun) this.recorder?.begins(headers);
    this.begun = true;
    if (this.res.destroyed) return;
    this.res.writeHead(200, headers);
    this.opened = true;
    this.keepAlive = setInterval(() => this.sayAlive(), KEEP_ALIVE_MS);
    if (this.waiting) this.flush();
    else this.scheduled = setImmediate(() => this.flush());
  }

  /** Null when there is room for more, else a promise of it, which a client that is gone does not break. */
  write(frame: string): Promise<void> | null {
    const isLast = this.recorder?.hears(frame) ?? false;
    if (this.res.destroyed) return null;
    if (isLast) {
      this.last += frame;
      return null;
    }
    if (this.opened && frame.length > PIECE) return this.writeInPieces(frame);
    this.waiting += frame;
    if (!this.opened) return null;
    if (this.waiting.length > PIECE) this.flush();
    else this.scheduled ??= setImmediate(() => this.flush());
    return this.full ? this.room() : null;
  }

  /** The end leaves, once the recorder has it. */
  async close(): Promise<void> {
    if (this.begun) await this.recorder?.ended();
    if (!this.opened) return;
    this.waiting += this.last;
    this.flush();
    if (this.keepAlive) clearInterval(this.keepAlive);
    this.res.end();
  }

  /** Not in the middle of a frame, nor to someone who does not read. */
  private sayAlive(): void {
    if (!this.full && !this.last) void this.write(': keep-alive\n\n');
  }

  private async writeInPieces(frame: string): Promise<void> {
    this.flush();
    const bytes = Buffer.from(frame);
    for (let at = 0; at < bytes.length && !this.res.destroyed; at += PIECE) {
      if (!this.res.write(bytes.subarray(at, at + PIECE))) await this.room();
    }
  }

  private get full(): boolean {
    return this.res.writableNeedDrain && !this.res.destroyed;
  }

  /** Resolves when the client has read, or is gone. */
  private room(): Promise<void> {
    const { res, stalledMs } = this;
    return new Promise((resolve) => {
      // After a pause of this process it has read perhaps, and that is heard of only once the event loop has turned.
      const stalled = setTimeout(() => (last = setImmediate(() => res.destroy())), stalledMs);
      let last: NodeJS.Immediate | undefined;
      const done = () => {
        clearTimeout(stalled);
        clearImmediate(last);
        res.off('drain', done).off('close', done);
        resolve();
      };
      res.once('drain', done).once('close', done);
    });
  }

  private flush(): void {
    if (this.scheduled) clearImmediate(this.scheduled);
    this.scheduled = null;
    if (!this.res.destroyed) {
      if (this.waiting) this.res.write(this.waiting);
      else this.res.flushHeaders();
    }
    this.waiting = '';
    this.keepAlive?.refresh();
  }
}
