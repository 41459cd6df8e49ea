import { type Response } from 'express';

/** Hears an answer as it leaves, also the part its client did not stay for, and may keep its end waiting. */
export interface AnswerRecorder {
  /** A plain answer, whole. It leaves when this resolves. */
  plain(status: number, headers: Record<string, string>, body: Buffer): Promise<void>;
  /** A stream begins. */
  begins(headers: Record<string, string>): void;
  /** One event of it. True for the last that tells anything: it leaves when `ended` resolves. */
  hears(frame: string): boolean;
  /** Nothing more is to come, whether the last event was among it or not. */
  ended(): Promise<void>;
}

const recorders = new WeakMap<Response, AnswerRecorder>();

/** The recorder of an answer, for whoever writes it as a stream. */
export const recorderOf = (res: Response): AnswerRecorder | null => recorders.get(res) ?? null;

/** Has an answer heard. To be called before anything of it is written. */
export function recordAnswer(res: Response, recorder: AnswerRecorder): void {
  recorders.set(res, recorder);
  const end = res.end.bind(res) as (chunk?: unknown) => Response;
  res.end = ((chunk?: unknown, encoding?: unknown) => {
    if (res.headersSent) return end(chunk); // a stream, told frame by frame
    const body = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(
          typeof chunk === 'string' ? chunk : '',
          typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8',
        );
    void recorder.plain(res.statusCode, headersOf(res), body).finally(() => end(body));
    return res;
  }) as typeof res.end;
}

const headersOf = (res: Response) =>
  Object.fromEntries(Object.entries(res.getHeaders()).map(([name, value]) => [name, String(value)]));
