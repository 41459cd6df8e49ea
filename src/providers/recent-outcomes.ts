const SLICES = 10;

interface Slice {
  /** Which stretch of time it counts, in slices since the epoch. */
  index: number;
  successes: number;
  failures: number;
}

/** Counts how attempts of the last `windowMs` ended, in tenths of it. However long nothing is told, what is older does not count. */
export class RecentOutcomes {
  private readonly slices: (Slice | undefined)[] = [];

  constructor(private readonly windowMs: number) {}

  add(outcome: 'successes' | 'failures'): void {
    const index = this.now();
    let slice = this.slices[index % SLICES];
    if (slice?.index !== index) {
      slice = { index, successes: 0, failures: 0 };
      this.slices[index % SLICES] = slice;
    }
    slice[outcome]++;
  }

  /** Whether more than `threshold` (0 to 1) of at least `minimum` attempts failed. */
  tooManyFailed(threshold: number, minimum: number): boolean {
    const oldest = this.now() - SLICES;
    let [total, failures] = [0, 0];
    for (const slice of this.slices) {
      if (!slice || slice.index <= oldest) continue;
      total += slice.successes + slice.failures;
      failures += slice.failures;
    }
    return total >= minimum && failures > threshold * total;
  }

  private now(): number {
    return Math.floor((Date.now() * SLICES) / this.windowMs);
  }
}
