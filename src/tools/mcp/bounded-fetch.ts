import { setTimeout as wait } from 'node:timers/promises';

/** Bytes of one answer, decoded; of a stream too. */
export const MOST_BYTES = 4 * 1024 * 1024;
/** A server that asks us things is answered by requests of ours: not by any number at a time. */
const MOST_REQUESTS = 64;
/** Between two openings of the stream a server tells of changes by, whatever it says of trying again. */
const REOPENED_MS = 1_000;

/** It has us ask it too much at a time. */
export class TooManyRequests extends Error {
  override name = 'TooManyRequests';
  override message = `more than ${MOST_REQUESTS} requests at a time`;
}

type Fetch = (url: string | URL, init: RequestInit) => Promise<Response>;

/** A server answered more than anyone can want of it. */
export class AnswerTooLarge extends Error {
  override name = 'AnswerTooLarge';
  override message = `it answered more than ${MOST_BYTES / 1024 / 1024} MB`;
}

/**
 * `fetch` for one connection to a server that is not to be trusted: an answer has so many bytes, and comes within `ms`.
 * Only the stream that is opened by GET stays open.
 * @param tooLarge is told, since who waits for an answer in a stream only hears that it broke
 */
export function boundedFetch(fetch: Fetch, ms: number, tooLarge: (error: AnswerTooLarge) => void) {
  let requests = 0;
  let reopened = 0;
  return async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const stream = init.method === 'GET';
    if (stream) {
      const early = reopened - Date.now();
      reopened = Math.max(Date.now(), reopened) + REOPENED_MS;
      if (early > 0) await wait(early, undefined, { ...(init.signal ? { signal: init.signal } : {}) });
    }
    if (requests >= MOST_REQUESTS) throw new TooManyRequests();
    requests++;
    const late = stream ? [] : [AbortSignal.timeout(ms)];
    const signal = AbortSignal.any([...(init.signal ? [init.signal] : []), ...late]);
    const answered = () => {
      requests--;
    };
    try {
      const { body, status, statusText, headers } = await fetch(url, { ...init, signal });
      const counted = body && (stream ? counting(body, {}) : counting(body, { tooLarge, ended: answered }));
      if (stream || !body) answered();
      return new Response(counted, { status, statusText, headers: new Headers([...headers]) });
    } catch (error) {
      answered();
      throw error;
    }
  };
}

interface Hearer {
  tooLarge?: (error: AnswerTooLarge) => void;
  ended?: () => void;
}

/** What comes, until it is too much. */
function counting(body: ReadableStream<Uint8Array>, { tooLarge, ended }: Hearer): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let seen = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          ended?.();
          controller.close();
          return;
        }
        seen += value.byteLength;
        if (seen > MOST_BYTES) throw new AnswerTooLarge();
        controller.enqueue(value);
      } catch (error) {
        ended?.();
        if (error instanceof AnswerTooLarge) {
          tooLarge?.(error);
          await reader.cancel(error);
        }
        throw error;
      }
    },
    async cancel(reason) {
      ended?.();
      await reader.cancel(reason);
    },
  });
}
