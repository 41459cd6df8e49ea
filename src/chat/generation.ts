import { HEADERS_AFTER_MS } from '../platform/common/http/sse.service';
import { type StreamLogWriter } from '../platform/store/store.types';
import { type Answer, type ChatEvent } from './chat.types';
import { ANSWERED, AWAITED, CALLED, CITED, NOBODY_YET, type NativeCodec } from './native.codec';

/** How a generation ended, once that is kept: its last frames, and what those who wait for the whole answer get. */
export type Ending<T> = { frames: readonly string[] } & ({ result: T } | { failure: unknown });

/** What is being written, and where it goes. */
export interface Manuscript<T> {
  id: string;
  events: AsyncIterable<ChatEvent>;
  answer: Answer;
  codec: NativeCodec;
  log: StreamLogWriter;
  controller: AbortController;
  /** Keeps how it ended; `failure` is null when it is complete. Never throws. */
  end(generation: Generation<T>, failure: unknown): Promise<Ending<T>>;
}

/**
 * One answer being written, whoever reads it. Its events are told to a log as complete frames, each of them once; the
 * last ones only when its end is kept.
 */
export class Generation<T> {
  /** Of the message it becomes. */
  readonly id: string;
  readonly answer: Answer;
  /**
   * Of each event told before the end, in order: UTF-16 code units of its text; 0 for `message.start`, or `NOBODY_YET`;
   * `CITED` for a citation. With the parts and citations of the answer they are all it takes to tell the events again.
   */
  readonly lengths: number[] = [];
  /** Resolves with the first word, or after 5 s of silence; rejects with a failure before. */
  readonly begun: Promise<unknown>;
  /** Resolves when the end is kept and told, rejects with what it failed of. */
  readonly done: Promise<T>;
  private readonly spoken = Promise.withResolvers<undefined>();

  constructor(private readonly manuscript: Manuscript<T>) {
    this.id = manuscript.id;
    this.answer = manuscript.answer;
    this.done = this.write();
    this.begun = Promise.race([this.spoken.promise, this.done]);
    for (const promise of [this.begun, this.done]) promise.catch(() => undefined); // those who wait hear of it
  }

  /** Ends it early; `reason` becomes its failure. */
  abort(reason: Error): void {
    this.manuscript.controller.abort(reason);
  }

  private async write(): Promise<T> {
    const { log } = this.manuscript;
    const ending = await this.manuscript.end(this, await this.hear());
    for (const frame of ending.frames) log.append(frame);
    log.close();
    if ('failure' in ending) throw ending.failure;
    return ending.result;
  }

  /** Tells what comes until it ends. Resolves with why it is not complete, or null. */
  private async hear(): Promise<unknown> {
    const { events, codec, controller } = this.manuscript;
    const late = setTimeout(() => {
      this.tell(codec.early(), NOBODY_YET);
      this.spoken.resolve(undefined);
    }, HEADERS_AFTER_MS);
    try {
      for await (const event of events) {
        if (event.type === 'finish') continue; // told when it is kept
        this.tell(codec.frame(event), lengthOf(event));
        if (codec.begins(event)) this.spoken.resolve(undefined);
      }
      return null;
    } catch (error) {
      return controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      clearTimeout(late);
      this.tell(codec.early(), NOBODY_YET);
    }
  }

  private tell(frame: string, length: number): void {
    if (!frame) return;
    this.manuscript.log.append(frame);
    this.lengths.push(length);
  }
}

function lengthOf(event: ChatEvent): number {
  if (event.type === 'citation') return CITED;
  if (event.type === 'server_call') return CALLED;
  if (event.type === 'server_result') return ANSWERED;
  if (event.type === 'approval') return AWAITED;
  return 'delta' in event ? event.delta.length : 0;
}
