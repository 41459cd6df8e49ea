import { type IncomingHttpHeaders } from 'node:http';
import { type Answer, type Asked, type Refusal } from './scripts';

/**
 * One piece of a stream as it goes over the socket. `delta` carries content; `close` and `terminal` follow the last
 * delta, the terminal one being what tells a client that the answer is whole.
 */
export interface Frame {
  kind: 'open' | 'delta' | 'close' | 'terminal';
  bytes: string;
}

export interface HttpFailure {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** How one provider says things. Everything that is not wire format is in `upstream.ts`. */
export interface Wire {
  /** Where its API lives below the server's address; the base URL handed to SDKs. */
  basePath: string;
  path: string;
  /** The key a request came with, or null. */
  keyOf(headers: IncomingHttpHeaders): string | null;
  asked(body: Record<string, unknown>): Asked;
  frames(answer: Answer, asked: Asked): Iterable<Frame>;
  whole(answer: Answer, asked: Asked): unknown;
  refusal(why: Refusal, asked: Asked): HttpFailure;
  /** In the middle of a stream. */
  errorFrame: string;
  malformedFrame: string;
  keepAliveFrame: string;
  /** Headers of every answer, errors too. */
  headers(): Record<string, string>;
}

/** Tokens are counted so that a test can know them: 10 a message, 1 a delta; 6 of 10 cached and 2 written when told. */
export function tokens(answer: Answer, messages: number) {
  const deltas = (type?: 'reasoning') =>
    answer.blocks.filter((b) => !type || b.type === type).reduce((sum, b) => sum + b.deltas.length, 0);
  const cached = answer.usage === 'cached';
  return {
    input: 10 * messages,
    cacheRead: cached ? 6 * messages : 0,
    cacheWritten: cached ? 2 * messages : 0,
    output: deltas(),
    reasoning: deltas('reasoning'),
  };
}

export type Json = Record<string, unknown>;
export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;
export const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

/** The text of a message's content: a string, or the text parts of an array. */
export const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : listOf(content)
        .filter((part) => part['type'] === 'text')
        .map((part) => part['text'] as string)
        .join('');
