import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Asks again and again until `right` holds, and gives that answer back. Fails with the last one when it never does. */
export async function until<T>(
  ask: () => T | Promise<T>,
  right: (answer: T) => boolean = Boolean,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms; at last ${JSON.stringify(answer)}`);
    await sleep(POLL_MS);
  }
}

/** What `done` resolves to, unless that takes longer. */
export async function within<T>(ms: number, done: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms);
  });
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}
