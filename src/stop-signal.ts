/**
 * Hears SIGINT and SIGTERM from the first moment on. One that comes during the start is acted upon as soon as the start
 * is over, so that nothing is left half started. A second one, from someone who can't wait, ends the process at once.
 */
export class StopSignal {
  private heard: string | null = null;
  private stop: ((signal: string) => Promise<void>) | null = null;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => this.hear(signal));
  }

  /** What to do at a signal, or at one that has come already. */
  act(stop: (signal: string) => Promise<void>): void {
    this.stop = stop;
    if (this.heard) this.run(this.heard);
  }

  private hear(signal: string): void {
    if (this.heard) process.exit(1);
    this.heard = signal;
    this.run(signal);
  }

  private run(signal: string): void {
    this.stop?.(signal).catch((error: unknown) => {
      process.stderr.write(`shutdown failed: ${String(error)}\n`);
      process.exit(1);
    });
  }
}
