import { setTimeout as wait } from 'node:timers/promises';
import { storageFailure } from '../common/errors/storage-failure';

/** Tries again while the database is away, for up to `forMs`; then, or for any other failure, throws. Only for what may run twice. */
export async function retryWhileAway<T>(run: () => Promise<T>, forMs: number): Promise<T> {
  const deadline = Date.now() + forMs;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (storageFailure(error)?.kind !== 'unavailable' || Date.now() > deadline) throw error;
      await wait(100 + Math.random() * 200);
    }
  }
}
