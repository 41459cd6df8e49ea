import fc from 'fast-check';
import { MemoryWindows } from './memory-windows';

/** What the windows stand for: everything that was ever taken, and when. */
class NaiveWindow {
  private log: { at: number; amount: number }[] = [];

  constructor(
    readonly name: string,
    readonly limit: number,
    readonly windowMs: number,
    readonly stepMs: number,
  ) {}

  /** What was taken in one step leaves together, `windowMs` after the step's last millisecond. */
  private inside = (at: number, now: number) =>
    (Math.floor(at / this.stepMs) + 1) * this.stepMs - 1 + this.windowMs > now;
  used = (now: number) =>
    this.log.filter(({ at }) => this.inside(at, now)).reduce((sum, { amount }) => sum + amount, 0);
  fits = (amount: number, now: number) => amount === 0 || this.used(now) + amount <= this.limit;
  add = (at: number, amount: number) => this.log.push({ at, amount });
  undo(at: number, amount: number): void {
    for (const entry of this.log) {
      if (Math.floor(entry.at / this.stepMs) !== Math.floor(at / this.stepMs)) continue;
      const back = Math.min(entry.amount, amount);
      entry.amount -= back;
      amount -= back;
    }
  }
}

const SCOPE = 'somebody';
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60) }),
    fc.record({ kind: fc.constant('take' as const), amounts: fc.tuple(fc.nat(4), fc.nat(4)) }),
    fc.record({ kind: fc.constant('undo' as const), which: fc.nat(20), amount: fc.nat(6) }),
  ),
  { maxLength: 80 },
);
const shape = fc.record({
  limit: fc.integer({ min: 1, max: 12 }),
  windowMs: fc.integer({ min: 1, max: 100 }),
  stepMs: fc.integer({ min: 1, max: 30 }),
});

describe('MemoryWindows', () => {
  it('take what a list of everything ever taken would let be taken, from both windows or from none', async () => {
    await fc.assert(
      fc.asyncProperty(shape, shape, steps, async (first, second, script) => {
        let now = 1_764_000_000_000;
        const windows = new MemoryWindows(() => now);
        const shapes = [
          { name: 'first', ...first },
          { name: 'second', ...second },
        ];
        const models = shapes.map(
          ({ name, limit, windowMs, stepMs }) => new NaiveWindow(name, limit, windowMs, stepMs),
        );
        const taken: number[] = [];
        for (const step of script) {
          if (step.kind === 'wait') now += step.ms;
          if (step.kind === 'take') {
            const wanted = shapes.map((each, i) => ({ ...each, amount: step.amounts[i] ?? 0 }));
            const fits = models.every((model, i) => model.fits(wanted[i]?.amount ?? 0, now));
            const { at, refused, states } = await windows.take(SCOPE, wanted);
            expect([at, refused === null]).toEqual([now, fits]);
            if (fits) for (const [i, model] of models.entries()) model.add(now, wanted[i]?.amount ?? 0);
            if (fits) taken.push(now);
            expect(states.map(({ used }) => used)).toEqual(models.map((model) => model.used(now)));
            if (refused && Number.isFinite(refused.waitMs)) {
              const { index, waitMs } = refused;
              const amount = wanted[index]?.amount ?? 0;
              // It has room then, and not a moment earlier.
              expect(models[index]?.fits(amount, now + waitMs - 1)).toBe(false);
              expect(models.every((model, i) => model.fits(wanted[i]?.amount ?? 0, now + waitMs))).toBe(true);
            }
            if (refused?.waitMs === Infinity)
              expect(wanted[refused.index]?.amount).toBeGreaterThan(wanted[refused.index]?.limit ?? 0);
          }
          if (step.kind === 'undo') {
            const at = taken[step.which];
            if (at === undefined) continue;
            await windows.giveBack(SCOPE, shapes[0]!, at, step.amount);
            models[0]?.undo(at, step.amount);
          }
        }
        const { states } = await windows.take(
          SCOPE,
          shapes.map((each) => ({ ...each, amount: 0 })),
        );
        for (const [i, { resetMs }] of states.entries()) expect(models[i]?.used(now + resetMs)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('never let more than the limit pass within the span, whenever it begins', async () => {
    const gaps = fc.array(fc.nat(30), { minLength: 1, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(shape, gaps, async (each, waits) => {
        let now = 1_764_000_000_000;
        const windows = new MemoryWindows(() => now);
        const passed: number[] = [];
        for (const wait of waits) {
          now += wait;
          const { refused } = await windows.take(SCOPE, [{ name: 'one', ...each, amount: 1 }]);
          if (!refused) passed.push(now);
        }
        for (const from of passed) {
          const within = passed.filter((at) => at >= from && at < from + each.windowMs);
          expect(within.length).toBeLessThanOrEqual(each.limit);
        }
      }),
    );
  });

  it('do not count backwards when the clock is set back', async () => {
    let now = 1_764_000_000_000;
    const windows = new MemoryWindows(() => now);
    const one = { name: 'one', limit: 1, windowMs: 100, stepMs: 1, amount: 1 };
    await windows.take(SCOPE, [one]);
    now -= 10_000;
    expect((await windows.take(SCOPE, [one])).refused).toEqual({ index: 0, waitMs: 100 });
  });
});
