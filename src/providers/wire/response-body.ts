import { type Readable } from 'node:stream';
import { type ProviderAnswer } from './provider-http';
import { MAX_EVENT_LENGTH } from './sse-parser';

/** Some servers answer with a whole body where a stream was asked for, or the other way round. */
export function isStream({ header }: ProviderAnswer, asked: boolean): boolean {
  const type = header('content-type') ?? '';
  if (type.includes('text/event-stream')) return true;
  return asked && !type.includes('application/json');
}

/** A whole body, as long as one event of a stream may be. */
export async function textOf(bytes: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_EVENT_LENGTH) throw new RangeError('the body is longer than 32 MiB');
  }
  return Buffer.concat(chunks).toString('utf8');
}
