import { type Logger } from '@nestjs/common';

/** Runs upkeep every `ms`, never twice at once; a failure is logged and the next run tries again. Returns its end. */
export function every(ms: number, logger: Logger, run: () => Promise<void>): () => void {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    run()
      .catch((error: unknown) =>
        logger.warn(`upkeep failed: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => (busy = false));
  }, ms);
  return () => clearInterval(timer);
}
