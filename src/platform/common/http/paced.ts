import { setTimeout as wait } from 'node:timers/promises';

/** The same items, of those that count at most `perSecond`, evenly spread. The first one does not wait. */
export async function* paced<T>(
  items: AsyncIterable<T>,
  counts: (item: T) => boolean,
  perSecond: number,
): AsyncGenerator<T> {
  let due = 0;
  for await (const item of items) {
    if (counts(item)) {
      const now = performance.now();
      if (due > now) await wait(due - now);
      due = Math.max(due, now) + 1_000 / perSecond;
    }
    yield item;
  }
}
