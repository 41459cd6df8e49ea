import { LRUCache } from 'lru-cache';

const RECENT_MS = 5 * 60_000;
const SAMPLES = 20;

interface Sample {
  ms: number;
  at: number;
}

/** How fast targets began to answer of late, as this process saw it. */
export class RecentTimes {
  private readonly samples = new LRUCache<string, Sample[]>({ max: 5_000 }); // names come from callers

  /** @param ms to the first content */
  add(target: string, ms: number): void {
    const samples = this.samples.get(target) ?? [];
    samples.push({ ms, at: Date.now() });
    if (samples.length > SAMPLES) samples.shift();
    this.samples.set(target, samples);
  }

  /** The median of the last twenty within five minutes, in milliseconds; null when there is none: it is worth a try. */
  median(target: string): number | null {
    const since = Date.now() - RECENT_MS;
    const times = (this.samples.get(target) ?? []).filter(({ at }) => at > since).map(({ ms }) => ms);
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? null;
  }
}
