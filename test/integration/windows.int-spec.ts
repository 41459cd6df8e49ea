import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { connected, DRIVERS, memoryWindows, type Pair, redisPair } from '../support/stores';
import { TestRedis } from '../support/redis';
import { until } from '../support/until';

const MINUTE = { windowMs: 60_000, stepMs: 1 };
const DAY = { windowMs: 86_400_000, stepMs: 300_000 };
const away = { kind: 'unavailable', code: 'service_unavailable', retryAfterSeconds: 5 };

describe.each(DRIVERS)('the %s store', (driver, start) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await start();
  });
  afterAll(() => pair.stop());

  const side = (i: number) => (i % 2 ? pair.near : pair.far);

  describe('windows', () => {
    const minute = (limit: number, amount = 1) => ({ name: 'minute', limit, ...MINUTE, amount });
    const day = (limit: number, amount = 1) => ({ name: 'day', limit, ...DAY, amount });

    it('let exactly the limit pass, however many ask at the same time', async () => {
      const scope = randomUUID();
      const asked = Array.from({ length: 1_000 }, (_, i) => side(i).windows.take(scope, [minute(100), day(500)]));
      const answers = await Promise.all(asked);
      expect(answers.filter(({ refused }) => refused === null)).toHaveLength(100);
      const { states } = await pair.near.windows.take(scope, [minute(100, 0), day(500, 0)]);
      expect(states.map(({ used }) => used)).toEqual([100, 100]); // the refused took nothing anywhere
      expect(answers.findLast(({ refused }) => refused)?.refused).toMatchObject({ index: 0 });
    });

    it('belong to their scope alone', async () => {
      const [mine, yours] = [randomUUID(), randomUUID()];
      expect((await pair.near.windows.take(mine, [minute(1)])).refused).toBeNull();
      expect((await pair.near.windows.take(mine, [minute(1)])).refused).not.toBeNull();
      expect((await pair.near.windows.take(yours, [minute(1)])).refused).toBeNull();
    });

    it('say how long they are full, have room then, and empty', async () => {
      const scope = randomUUID();
      const brief = { name: 'brief', limit: 2, windowMs: 600, stepMs: 1, amount: 1 };
      await pair.near.windows.take(scope, [brief]);
      await sleep(30);
      await pair.near.windows.take(scope, [brief]);
      const { refused, states } = await pair.far.windows.take(scope, [brief]);
      expect(refused!.waitMs).toBeGreaterThan(0);
      expect(refused!.waitMs).toBeLessThan(states[0]!.resetMs);
      await sleep(refused!.waitMs + 2);
      expect((await pair.far.windows.take(scope, [brief])).refused).toBeNull();
      await sleep(603);
      expect((await pair.near.windows.take(scope, [{ ...brief, amount: 0 }])).states).toEqual([
        { used: 0, resetMs: 0 },
      ]);
    });

    it('are forgotten by the thousand, and are none', async () => {
      const scope = randomUUID();
      const brief = { name: 'brief', limit: 1e6, windowMs: 400, stepMs: 1, amount: 1 };
      const rest = { ...brief, name: 'rest', windowMs: 60_000 };
      const over = Date.now() + 390;
      let taken = 0;
      for (; Date.now() < over; taken++) await pair.near.windows.take(scope, [brief, rest]);
      await sleep(410);
      const { states } = await pair.far.windows.take(scope, [brief, { ...rest, limit: taken, amount: 0 }]);
      expect(states.map(({ used }) => used)).toEqual([1, taken]);
      const { refused } = await pair.far.windows.take(scope, [{ ...rest, limit: taken, amount: taken }]);
      expect(refused!.waitMs).toBeGreaterThan(30_000); // only when the last of them has left
      expect((await pair.near.windows.take(scope, [])).states).toEqual([]);
    });

    it('never have room for more than they hold', async () => {
      const { refused } = await pair.near.windows.take(randomUUID(), [minute(10, 1), day(10, 11)]);
      expect(refused).toEqual({ index: 1, waitMs: Infinity });
    });

    it('give back what was taken, at most that, and not to a later window', async () => {
      const scope = randomUUID();
      const tokens = { name: 'tokens', limit: 1_000, windowMs: 600, stepMs: 20, amount: 600 };
      const { at } = await pair.near.windows.take(scope, [tokens]);
      await pair.far.windows.giveBack(scope, tokens, at, 500);
      const used = async () => (await pair.near.windows.take(scope, [{ ...tokens, amount: 0 }])).states[0]!.used;
      expect(await used()).toBe(100);
      await pair.far.windows.giveBack(scope, tokens, at, 10_000);
      expect(await used()).toBe(0);

      const first = await pair.near.windows.take(scope, [tokens]);
      await sleep(630);
      const second = await pair.near.windows.take(scope, [tokens]);
      expect(second.refused).toBeNull();
      await pair.near.windows.giveBack(scope, tokens, first.at, 600);
      expect(await used()).toBe(600);
    });

    it('can be charged with more than they hold, and have room again when that is over', async () => {
      const scope = randomUUID();
      const one = { name: 'tokens', limit: 100, windowMs: 600, stepMs: 10, amount: 1 };
      const { refused } = await pair.near.windows.take(scope, [
        { ...one, limit: Number.MAX_SAFE_INTEGER, amount: 5_000 },
      ]);
      expect(refused).toBeNull();
      const full = await pair.near.windows.take(scope, [one]);
      expect(full.states[0]!.used).toBe(5_000);
      await sleep(full.refused!.waitMs + 2);
      expect((await pair.near.windows.take(scope, [one])).refused).toBeNull();
    });
  });

  describe('slots', () => {
    it('are held by so many at a time, whoever asks', async () => {
      const scope = randomUUID();
      const take = (i: number) => side(i).slots.take(scope, 'free', 5);
      const taken = await Promise.all(Array.from({ length: 50 }, (_, i) => take(i)));
      const held = taken.filter((slot) => slot !== null);
      expect(held).toHaveLength(5);
      expect(await pair.far.slots.held(scope, 'free')).toBe(5);
      held[0]!.release();
      held[0]!.release();
      await until(async () => (await pair.near.slots.held(scope, 'free')) === 4);
      expect(await take(0)).not.toBeNull();
      expect(await take(1)).toBeNull();
      for (const slot of held) slot.release();
      await until(async () => (await pair.near.slots.held(scope, 'free')) === 1);
    });

    it('stay held for as long as that lasts', async () => {
      const scope = randomUUID();
      const slot = await pair.near.slots.take(scope, 'free', 1);
      await sleep(6_500); // longer than a lease
      expect(await pair.far.slots.take(scope, 'free', 1)).toBeNull();
      slot!.release();
      await until(() => pair.far.slots.take(scope, 'free', 1));
    });
  });
});

describe('Redis windows', () => {
  let redis: TestRedis;
  let pair: Pair;
  beforeEach(async () => {
    redis = await TestRedis.start();
    pair = await redisPair(redis.url, () => redis.stop());
  });
  afterEach(() => pair.stop());

  it('answer what the windows in memory answer at the same times', async () => {
    const shape = fc.record({
      limit: fc.integer({ min: 1, max: 12 }),
      windowMs: fc.integer({ min: 1, max: 60 }),
      stepMs: fc.integer({ min: 1, max: 15 }),
    });
    const script = fc.array(
      fc.oneof(
        fc.record({ wait: fc.nat(15) }),
        fc.record({ amounts: fc.tuple(fc.nat(4), fc.nat(4)) }),
        fc.record({ undo: fc.nat(10), amount: fc.nat(6) }),
      ),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(shape, shape, script, async (first, second, steps) => {
        const scope = randomUUID();
        let now = 0;
        const model = memoryWindows(() => now);
        const shapes = [
          { name: 'first', ...first },
          { name: 'second', ...second },
        ];
        const taken: number[] = [];
        for (const step of steps) {
          if ('wait' in step) await sleep(step.wait);
          if ('amounts' in step) {
            const wanted = shapes.map((each, i) => ({ ...each, amount: step.amounts[i]! }));
            const answer = await pair.near.windows.take(scope, wanted);
            now = answer.at;
            expect(answer).toEqual(await model.take(scope, wanted));
            if (!answer.refused) taken.push(answer.at);
          }
          if ('undo' in step && taken[step.undo] !== undefined) {
            await pair.far.windows.giveBack(scope, shapes[0]!, taken[step.undo]!, step.amount);
            await model.giveBack(scope, shapes[0]!, taken[step.undo]!, step.amount);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leave nothing behind when they have emptied, and little of a day', async () => {
    const scope = randomUUID();
    const brief = { name: 'brief', limit: 1_000, windowMs: 100, stepMs: 1, amount: 1 };
    const day = { name: 'day', limit: 1e6, ...DAY, amount: 1 };
    await Promise.all(Array.from({ length: 500 }, () => pair.near.windows.take(scope, [brief, day])));
    await until(async () => (await redis.keys()).filter((key) => key.includes('brief')).length === 0);
    const keys = await redis.keys();
    expect(keys).toHaveLength(2);
    expect(keys.every((key) => key.startsWith(`parley:{${scope}}:`))).toBe(true);
    expect(
      await redis.command(
        'HLEN',
        keys.find((key) => !key.endsWith('steps'))!,
      ),
    ).toBeLessThanOrEqual(3); // the sum too
  });

  it('say that the store is away, and go on when it is back', async () => {
    const scope = randomUUID();
    const one = { name: 'one', limit: 1, ...MINUTE, amount: 1 };
    await redis.kill();
    await expect(pair.near.windows.take(scope, [one])).rejects.toMatchObject(away);
    await expect(pair.near.windows.giveBack(scope, one, 0, 1)).rejects.toMatchObject(away);
    await expect(pair.near.slots.take(scope, 'free', 1)).rejects.toMatchObject(away);
    await expect(pair.near.slots.held(scope, 'free')).rejects.toMatchObject(away);
    await redis.run();
    await connected(pair.near);
    expect((await pair.near.windows.take(scope, [one])).refused).toBeNull();
  });
});

describe('Redis slots', () => {
  let redis: TestRedis;
  let pair: Pair;
  beforeEach(async () => {
    redis = await TestRedis.start();
    pair = await redisPair(redis.url, () => redis.stop());
  });
  afterEach(() => pair.stop());

  it('of a process that is gone are free again', async () => {
    const scope = randomUUID();
    for (let i = 0; i < 3; i++) await pair.near.slots.take(scope, 'free', 3);
    expect(await pair.far.slots.take(scope, 'free', 3)).toBeNull();
    await pair.near.close(); // lets go of nothing by itself
    const held = () => pair.far.slots.held(scope, 'free');
    await until(held, (count) => count === 0, 7_000);
    expect(await pair.far.slots.take(scope, 'free', 3)).not.toBeNull();
    expect(await held()).toBe(1);
  });

  it('are held again after Redis came back empty', async () => {
    const scope = randomUUID();
    const slot = await pair.near.slots.take(scope, 'free', 1);
    await redis.kill();
    await redis.run();
    await Promise.all([connected(pair.near), connected(pair.far)]);
    await until(async () => (await pair.far.slots.held(scope, 'free')) === 1);
    expect(await pair.far.slots.take(scope, 'free', 1)).toBeNull();
    slot!.release();
    await until(() => pair.far.slots.take(scope, 'free', 1));
  });
});
