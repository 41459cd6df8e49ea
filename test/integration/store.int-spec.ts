import { getEventListeners } from 'node:events';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { collect, DRIVERS, type Pair, toEnd } from '../support/stores';
import { until, within } from '../support/until';

const numbered = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ({ seq: from + i, data: `event ${from + i}` }));
const live = () => new AbortController().signal;

describe.each(DRIVERS)('the %s store', (driver, start) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await start();
  });
  afterAll(() => pair.stop());

  /** A log with `count` events in it. */
  const written = (count: number) => {
    const key = randomUUID();
    const log = pair.near.streamLogs.open(key);
    for (let seq = 1; seq <= count; seq++) log.append(`event ${seq}`);
    return { key, log };
  };

  describe.each(['near', 'far'] as const)('tells the %s process', (where) => {
    const logs = () => pair[where].streamLogs;

    it('every event once and in order, from wherever and whenever it follows, however often it begins again', async () => {
      const reader = fc.record({ joinsAt: fc.nat(40), after: fc.nat(40), breaksAfter: fc.integer({ min: 1, max: 4 }) });
      const writing = fc.array(fc.constantFrom('append', 'append', 'append', 'turn', 'wait'), { maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(writing, fc.array(reader, { maxLength: 5 }), async (steps, readers) => {
          const key = randomUUID();
          const log = pair.near.streamLogs.open(key);
          const last = steps.filter((step) => step === 'append').length;
          const reading: Promise<void>[] = [];
          const join = async (after: number, mostBatches: number) => {
            const entries = await collect(logs(), key, after, Math.max(0, last - after), mostBatches);
            expect(entries).toEqual(numbered(after + 1, last));
          };
          let seq = 0;
          for (const [i, step] of steps.entries()) {
            for (const { joinsAt, after, breaksAfter } of readers) {
              if (joinsAt === i) reading.push(join(after, breaksAfter));
            }
            if (step === 'append') log.append(`event ${++seq}`);
            if (step === 'turn') await new Promise((done) => setImmediate(done));
            if (step === 'wait') await sleep(15);
          }
          log.close();
          await within(10_000, Promise.all(reading));
        }),
        { numRuns: 40 },
      );
    });

    it('what was said before it came, and that it is over', async () => {
      const { key, log } = written(100);
      log.close();
      expect(await collect(logs(), key, 0, 100)).toEqual(numbered(1, 100));
      expect(await toEnd(logs(), key, 98)).toEqual(numbered(99, 100));
      expect(await toEnd(logs(), key, 100)).toEqual([]);
    });

    it('nothing of a log whose beginning is kept no longer, and all that is kept', async () => {
      const { key, log } = written(2_000); // some 20,000 characters: half of it is kept
      log.close();
      const kept = await until(
        () => logs().read(key, 1_500),
        ({ length }) => length === 500,
      );
      expect(kept).toEqual(numbered(1_501, 2_000));
      expect(await toEnd(logs(), key, 0)).toEqual([]);
      expect(await logs().read(key, 0)).toEqual([]);
    });

    it('that an empty log is over, and nothing of an unknown one', async () => {
      const { key, log } = written(0);
      log.close();
      expect(await within(5_000, toEnd(logs(), key))).toEqual([]);
      expect(await within(5_000, toEnd(logs(), randomUUID()))).toEqual([]);
      expect(await logs().read(randomUUID(), 0)).toEqual([]);
    });

    it('what it asks for now', async () => {
      const { key, log } = written(3);
      const now = await until(
        () => logs().read(key, 1),
        ({ length }) => length > 0,
      );
      expect(now).toEqual(numbered(2, 3));
      log.close();
    });

    it('nothing more once it has gone, and keeps no listener of its', async () => {
      const { key, log } = written(1);
      const gone = new AbortController();
      const iterator = logs().follow(key, 1, gone.signal)[Symbol.asyncIterator]();
      const next = iterator.next();
      await sleep(50);
      gone.abort();
      expect(await within(1_000, next)).toEqual({ done: true, value: undefined });
      expect(getEventListeners(gone.signal, 'abort')).toEqual([]);

      const late = logs().follow(key, 0, gone.signal)[Symbol.asyncIterator]();
      expect(await late.next()).toEqual({ done: true, value: undefined });

      const stays = new AbortController();
      for await (const batch of logs().follow(key, 0, stays.signal)) {
        expect(batch).toEqual(numbered(1, 1));
        break;
      }
      expect(getEventListeners(stays.signal, 'abort')).toEqual([]);
      log.close();
    });

    it('as much as ever when another reads nothing', async () => {
      const { key, log } = written(1);
      const idle = logs().follow(key, 0, live())[Symbol.asyncIterator]();
      await collect(logs(), key, 0, 1);
      await idle.next();
      for (let round = 0; round < 10; round++) {
        for (let i = 1; i <= 500; i++) log.append(`event ${1 + round * 500 + i}`);
        expect(await collect(logs(), key, 1 + round * 500, 500)).toEqual(
          numbered(2 + round * 500, 1 + (round + 1) * 500),
        );
      }
      log.close();
      expect(await within(5_000, idle.next())).toEqual({ done: true, value: undefined }); // the next entry is long gone
    });
  });

  it('yields what waits together', async () => {
    const { key, log } = written(50);
    const iterator = pair.near.streamLogs.follow(key, 0, live())[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual(numbered(1, 50));
    const next = iterator.next();
    log.append('event 51');
    expect((await next).value).toEqual(numbered(51, 51));
    const pending = iterator.next();
    await iterator.return?.();
    expect(await within(1_000, pending)).toEqual({ done: true, value: undefined });
    log.close();
  });

  it('keeps closed logs within a bound over all of them', async () => {
    const keys: string[] = [];
    for (let i = 0; i < 10; i++) {
      const { key, log } = written(600); // some 6,000 characters: five of them fit
      log.close();
      keys.push(key);
      await until(async () => (await pair.far.streamLogs.read(key, 599)).length === 1);
    }
    const kept = await Promise.all(keys.map((key) => pair.near.streamLogs.read(key, 599)));
    expect(kept.filter(({ length }) => length > 0)).toHaveLength(driver === 'memory' ? 5 : 10); // Redis has the others
  });

  it('remembers what holds until a moment, here at once and elsewhere within a second', async () => {
    const { near, far } = pair;
    const name = randomUUID();
    const soon = Date.now() + 60_000;
    expect(near.marks.until(name)).toBe(0);
    near.marks.set(name, soon);
    expect(near.marks.until(name)).toBe(soon);
    await until(() => far.marks.until(name) === soon);
    far.marks.set(name, soon + 1);
    await until(() => near.marks.until(name) === soon + 1);
    near.marks.clear(name);
    expect(near.marks.until(name)).toBe(0);
    await until(() => far.marks.until(name) === 0);
  });

  it('forgets it when the moment has come', async () => {
    const { near, far } = pair;
    const [past, brief] = [randomUUID(), randomUUID()];
    near.marks.set(past, Date.now() - 1);
    expect(near.marks.until(past)).toBe(0);
    near.marks.set(brief, Date.now() + 50);
    await until(() => near.marks.until(brief) === 0);
    await until(() => far.marks.until(brief) === 0);
  });

  it('gives a claim to one only, and to one again when its time is over', async () => {
    const name = randomUUID();
    const all = () =>
      Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? pair.near : pair.far).marks.claim(name, 500)));
    expect((await all()).filter(Boolean)).toHaveLength(1);
    expect((await all()).filter(Boolean)).toHaveLength(0);
    await until(async () => (await all()).filter(Boolean).length === 1);
    expect((await all()).filter(Boolean)).toHaveLength(0);
  });

  it('gives a claim to another when its owner lets go of it, and only then', async () => {
    const name = randomUUID();
    const { near, far } = pair;
    expect(await near.marks.claim(name, 60_000)).toBe(true);
    if (near !== far) far.marks.release(name);
    expect(await far.marks.claim(name, 60_000)).toBe(false);
    near.marks.release(name);
    await until(() => far.marks.claim(name, 60_000));
    near.marks.release(name);
    expect(await near.marks.claim(name, 60_000)).toBe(near === far);
  });

  it('counts each hit once, in windows that begin with the first', async () => {
    const key = randomUUID();
    const hit = (i: number) => (i % 2 ? pair.near : pair.far).counters.hit(key, 300);
    const counted = await Promise.all(Array.from({ length: 50 }, (_, i) => hit(i)));
    expect(counted.map(({ hits }) => hits).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(counted.every(({ leftMs }) => leftMs >= 0 && leftMs <= 300)).toBe(true);
    expect((await pair.near.counters.hit(randomUUID(), 60_000)).hits).toBe(1);
    await sleep(counted[0]!.leftMs + 5);
    expect((await hit(0)).hits).toBe(1);
  });
});
