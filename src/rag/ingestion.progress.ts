import { type Step } from './documents.types';

/** Progress is stored at most so often. */
const EVERY_MS = 500;

/** Tells how far a document is, as seldom as will do, the latest always in the end; nobody waits for that. */
export class Progress {
  private latest: { step: Step; percent: number } | null = null;
  private due: NodeJS.Timeout | null = null;
  private toldAt = -Infinity;

  constructor(
    private readonly tell: (step: Step, percent: number) => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  set(step: Step, percent: number): void {
    // A hundred is told with what it means: ready.
    this.latest = { step, percent: Math.max(0, Math.min(99, Math.floor(percent))) };
    this.due ??= setTimeout(() => this.flush(), Math.max(0, this.toldAt + EVERY_MS - performance.now()));
  }

  end(): void {
    if (this.due) clearTimeout(this.due);
  }

  private flush(): void {
    this.due = null;
    this.toldAt = performance.now();
    if (this.latest) this.tell(this.latest.step, this.latest.percent).catch(this.failed);
  }
}
