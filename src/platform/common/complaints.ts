import { type Logger } from '@nestjs/common';

const QUIET_MS = 60_000;

/** Logs trouble that repeats many times a second: once at its beginning, once a minute while it lasts, and its end. */
export class Complaints {
  /** When trouble may be logged again; 0 while there is none. */
  private quietUntil = 0;

  constructor(
    private readonly logger: Logger,
    private readonly what: string,
  ) {}

  about(error: unknown): void {
    if (Date.now() < this.quietUntil) return;
    this.quietUntil = Date.now() + QUIET_MS;
    const message = error instanceof Error ? error.message || error.name : String(error);
    this.logger.warn(`${this.what} is away, trying again: ${message}`);
  }

  over(): void {
    if (this.quietUntil > 0) this.logger.log(`${this.what} is back`);
    this.quietUntil = 0;
  }
}
