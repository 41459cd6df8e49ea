import { LRUCache } from 'lru-cache';
import { type Taking, type Window, Windows, type WindowState } from './store.types';

/** Bounds memory: beyond them those not taken from for longest are forgotten. */
const MAX_WINDOWS = 50_000;
/** How often windows that have emptied are looked for. */
const SWEEP_MS = 60_000;

/** What is in one window. */
interface Contents {
  /** By step, oldest first. */
  amounts: Map<number, number>;
  used: number;
  newest: number;
  /** When nothing is in it any more. */
  endsAt: number;
}

/** Of this process. The arithmetic is that of the script in `redis-windows.ts`. */
export class MemoryWindows extends Windows {
  private readonly contents = new LRUCache<string, Contents>({ max: MAX_WINDOWS });
  private sweepAt = 0;

  /** @param clock milliseconds since the epoch */
  constructor(private readonly clock: () => number = Date.now) {
    super();
  }

  take(scope: string, wanted: readonly (Window & { amount: number })[]): Promise<Taking> {
    const windows = wanted.map((window) => {
      const key = `${scope}:${window.name}`;
      return { ...window, key, contents: this.contents.get(key) ?? empty() };
    });
    const now = Math.max(this.clock(), ...windows.map(({ contents, stepMs }) => contents.newest * stepMs));
    for (const window of windows) forget(window, window.contents, now);

    const waits = windows.map((window) => waitFor(window, window.contents, now));
    const waitMs = Math.max(0, ...waits);
    if (waitMs > 0) {
      const states = windows.map(({ contents }) => stateOf(contents, now));
      return Promise.resolve({ at: now, states, refused: { index: waits.indexOf(waitMs), waitMs } });
    }
    for (const window of windows) {
      if (window.amount === 0) continue;
      add(window, window.contents, now);
      this.contents.set(window.key, window.contents);
    }
    this.sweep(now);
    const states = windows.map(({ contents }) => stateOf(contents, now));
    return Promise.resolve({ at: now, states, refused: null });
  }

  giveBack(scope: string, { name, stepMs }: Window, at: number, amount: number): Promise<void> {
    const contents = this.contents.peek(`${scope}:${name}`);
    const step = Math.floor(at / stepMs);
    const there = contents?.amounts.get(step) ?? 0;
    const back = Math.min(there, amount);
    if (contents && back > 0) {
      contents.used -= back;
      if (back < there) contents.amounts.set(step, there - back);
      else contents.amounts.delete(step);
    }
    return Promise.resolve();
  }

  private sweep(now: number): void {
    if (now < this.sweepAt) return;
    this.sweepAt = now + SWEEP_MS;
    for (const [key, { endsAt }] of this.contents) if (endsAt <= now) this.contents.delete(key);
  }
}

const empty = (): Contents => ({ amounts: new Map(), used: 0, newest: 0, endsAt: 0 });

/** When what was taken in a step has left the window: `windowMs` after the step's last millisecond. */
const endOf = ({ stepMs, windowMs }: Window, step: number): number => (step + 1) * stepMs - 1 + windowMs;

const stateOf = ({ used, endsAt }: Contents, now: number): WindowState => ({
  used,
  resetMs: used > 0 ? endsAt - now : 0,
});

function forget(window: Window, contents: Contents, now: number): void {
  for (const [step, amount] of contents.amounts) {
    if (endOf(window, step) > now) return;
    contents.amounts.delete(step);
    contents.used -= amount;
  }
}

/** Until the amount fits; 0 when it does now. */
function waitFor(window: Window & { amount: number }, { amounts, used }: Contents, now: number): number {
  const { amount, limit } = window;
  if (amount === 0 || used + amount <= limit) return 0;
  let left = used;
  for (const [step, there] of amounts) {
    left -= there;
    if (left + amount <= limit) return endOf(window, step) - now;
  }
  return Infinity;
}

function add(window: Window & { amount: number }, contents: Contents, now: number): void {
  const step = Math.floor(now / window.stepMs);
  contents.amounts.set(step, (contents.amounts.get(step) ?? 0) + window.amount);
  contents.used += window.amount;
  contents.newest = step;
  contents.endsAt = endOf(window, step);
}
