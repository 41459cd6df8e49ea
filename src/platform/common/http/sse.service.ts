import { Injectable, Logger } from '@nestjs/common';
import { type Response } from 'express';
import { Config } from '../../config/config.service';
import { logFailure } from '../errors/exception.filter';
import { type ErrorBody, toProblem } from '../errors/problem';
import { EventStream } from './event-stream';
import { requestIdOf } from './request-id';

/** How one surface writes its events. Frames are complete server-sent events. */
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

/** Headers wait so long for an answer to begin. */
export const HEADERS_AFTER_MS = 5_000;

/** Writes streams of server-sent events. A slow reader slows what it reads from; one who does not read is dropped. */
@Injectable()
export class SseService {
  private readonly logger = new Logger('Streams');
  private readonly stalledMs: number;

  constructor({ yaml }: Config) {
    this.stalledMs = yaml.streams.stalled_reader;
  }

  /**
   * Writes `events` as they come, to the end of the iteration also when the client has left: what ends it then is the
   * signal behind the events. Headers leave with the first event that begins the answer, or after 5 s. A failure before
   * that is thrown; a later one is said in the stream, which then ends without `end()`.
   */
  async sendEvents<E>(res: Response, events: AsyncIterable<E>, codec: EventCodec<E>): Promise<void> {
    const stream = new EventStream(res, this.stalledMs);
    const open = () => {
      clearTimeout(headersDue);
      stream.open(codec.headers());
    };
    const headersDue = setTimeout(() => {
      try {
        void stream.write(codec.early());
        open();
      } catch (error) {
        logFailure(this.logger, error);
        res.destroy(); // nobody else would catch it; the events end with their client
      }
    }, HEADERS_AFTER_MS);

    try {
      for await (const event of events) {
        const room = stream.write(codec.frame(event));
        if (!res.headersSent && codec.begins(event)) open();
        if (room) await room;
      }
      if (!res.headersSent) open();
      await stream.write(codec.end());
    } catch (error) {
      if (!res.headersSent) throw error;
      logFailure(this.logger, error);
      await stream.write(codec.failure(toProblem(error, requestIdOf(res.req)).error));
    } finally {
      clearTimeout(headersDue);
      await stream.close();
    }
  }

  /**
   * Writes frames that are complete already. Headers leave at once; a failure is said in the stream, without an id, so
   * that a client that asks again goes on where it was.
   */
  async sendFrames(
    res: Response,
    batches: AsyncIterable<readonly string[]>,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const stream = new EventStream(res, this.stalledMs);
    stream.open(headers);
    try {
      for await (const frames of batches) {
        for (const frame of frames) {
          const room = stream.write(frame);
          if (room) await room;
        }
      }
    } catch (error) {
      logFailure(this.logger, error);
      const { error: told } = toProblem(error, requestIdOf(res.req));
      await stream.write(`event: error\ndata: ${JSON.stringify({ type: 'error', error: told })}\n\n`);
    } finally {
      await stream.close();
    }
  }
}
