import { type AnswerRecorder } from '../platform/common/http/answer-recorder';
import { type KeptAnswer } from './idempotency.types';
import { endToldBy } from './stream-end';

/** Longest answer that is kept, in bytes: a hundred thousand tokens and more, as a stream. */
const LONGEST = 16 * 1024 * 1024;
/** Of an answer's headers those that say what it is; the others belong to their own request. */
const KEPT_HEADERS = /^(content-type|cache-control|x-accel-buffering|x-parley-.+)$/;

/** What becomes of an answer once it is over. None of them throws. */
export interface Outcome {
  /** `body` is null when it is too long. */
  keep(answer: Omit<KeptAnswer, 'body'> & { body: Buffer | null }): Promise<void>;
  release(): Promise<void>;
}

/** Hears one answer, and has it kept or its key let go before its end leaves. */
export class Recording implements AnswerRecorder {
  private headers: Record<string, string> = {};
  private frames: string[] = [];
  private length = 0;
  private end: 'complete' | 'failed' | null = null;
  private decided = false;

  constructor(
    readonly claim: string,
    private readonly outcome: Outcome,
  ) {}

  plain(status: number, headers: Record<string, string>, body: Buffer): Promise<void> {
    return isFinal(status) ? this.keep(status, headers, body) : this.release();
  }

  begins(headers: Record<string, string>): void {
    this.headers = headers;
  }

  hears(frame: string): boolean {
    if (frame.startsWith(':')) return false; // a sign of life
    this.length += Buffer.byteLength(frame);
    if (this.length <= LONGEST) this.frames.push(frame);
    else this.frames = [];
    this.end ??= endToldBy(frame);
    return this.end !== null;
  }

  ended(): Promise<void> {
    if (this.end !== 'complete') return this.release();
    return this.keep(200, this.headers, this.length <= LONGEST ? Buffer.from(this.frames.join('')) : null);
  }

  /** The request is over: an answer of which nothing was heard is none. */
  async over(): Promise<void> {
    if (!this.decided) await this.release();
  }

  private keep(status: number, headers: Record<string, string>, body: Buffer | null): Promise<void> {
    this.decided = true;
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT_HEADERS.test(name)));
    return this.outcome.keep({ status, headers: kept, body: body && body.length <= LONGEST ? body : null });
  }

  private release(): Promise<void> {
    this.decided = true;
    return this.outcome.release();
  }
}

/** Another try would be answered the same: not what is too much or in the way at the moment, nor a failure of ours or a provider. */
const isFinal = (status: number) => status < 500 && ![408, 409, 429].includes(status);
