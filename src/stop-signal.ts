/** One press of Ctrl-C comes twice under npm, from the terminal and from npm itself, which passes it on. */
const SAME_MS = 1_000;

export interface Stops {
  /** Lets what is under way end, and ends the process. */
  gently: (signal: string) => Promise<void>;
  /** Ends what would outlive the process. */
  atOnce: () => Promise<void>;
}

/**
 * Hears SIGINT and SIGTERM from the first moment on. One that comes during the start is acted upon as soon as the start
 * is over, so that nothing is left half started. Another one a second or more later, from someone who can't wait, ends
 * the process without waiting for what is under way.
 */
export class StopSignal {
  private heard: { signal: string; at: number } | null = null;
  private stops: Stops | null = null;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => this.hear(signal));
  }

  /** What to do at a signal, or at one that has come already. */
  act(stops: Stops): void {
    this.stops = stops;
    if (this.heard) this.run(stops.gently(this.heard.signal));
  }

  private hear(signal: string): void {
    if (!this.heard) {
      this.heard = { signal, at: performance.now() };
      if (this.stops) this.run(this.stops.gently(signal));
    } else if (performance.now() - this.heard.at > SAME_MS) {
      if (!this.stops) process.exit(1);
      this.run(this.stops.atOnce().then(() => process.exit(1)));
    }
  }

  private run(stop: Promise<void>): void {
    stop.catch((error: unknown) => {
      process.stderr.write(`shutdown failed: ${String(error)}\n`);
      process.exit(1);
    });
  }
}
