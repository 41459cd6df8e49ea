import { storeKey } from './redis-connection';
import { type LogEntry } from './store.types';

/**
 * A log as a Redis Stream. One stream entry holds several consecutive events, one field each, and its id is the seq of
 * the last of them: `7-0` with three fields is 5, 6 and 7. The end of a log is an entry of its own: `7-1`.
 */
export const DATA = 'd';
export const END = 'end';

export const logKey = (key: string): string => storeKey(key, 'log');
export const entryId = (seq: number): string => `${seq}-0`;
export const closingId = (seq: number): string => `${seq}-1`;

/** As ioredis tells it: id, then field, value, field, value … */
export type StreamEntry = [id: string, fields: string[]];

/**
 * The events after `after`, up to the first gap. `more`: whether any can follow; not after the end, nor after a gap.
 * Events that came twice, because an answer of Redis was lost, are passed over.
 */
export function decode(stream: StreamEntry[], after: number): { entries: LogEntry[]; more: boolean } {
  const entries: LogEntry[] = [];
  let last = after;
  for (const [id, fields] of stream) {
    if (fields[0] === END) return { entries, more: false };
    const newest = Number.parseInt(id, 10);
    const first = newest - fields.length / 2 + 1;
    if (first > last + 1) return { entries, more: false };
    while (last < newest) {
      last++;
      entries.push({ seq: last, data: fields[2 * (last - first) + 1] ?? '' });
    }
  }
  return { entries, more: true };
}
