import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TestRedis } from '../support/redis';
import { collect, connected, type Pair, redisPair, redisStore, toEnd } from '../support/stores';
import { until, within } from '../support/until';

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ seq: from + i, data: `event ${from + i}` }));
const away = { kind: 'unavailable', code: 'service_unavailable', retryAfterSeconds: 5 };

describe('a Redis that goes away', () => {
  let redis: TestRedis;
  let pair: Pair;
  beforeEach(async () => {
    redis = await TestRedis.start();
    pair = await redisPair(redis.url, () => redis.stop());
  });
  afterEach(() => pair.stop());
  const back = () => Promise.all([connected(pair.near), connected(pair.far)]);

  it('and comes back empty while a log is written: nothing is missing, nothing comes twice', async () => {
    const { near, far } = pair;
    const key = randomUUID();
    const log = near.streamLogs.open(key);
    const beside = collect(near.streamLogs, key, 0, 600);
    const remote = collect(far.streamLogs, key, 0, 600);
    for (let seq = 1; seq <= 600; seq++) {
      log.append(`event ${seq}`);
      if (seq % 10 === 0) await sleep(5);
      if (seq % 200 === 0) await redis.kill();
      if (seq % 200 === 50 && seq > 50) await redis.run();
    }
    await redis.run();
    log.close();
    expect(await within(5_000, beside)).toEqual(numbered(1, 600));
    expect(await within(10_000, remote)).toEqual(numbered(1, 600));
    expect(await within(10_000, collect(far.streamLogs, key, 0, 600))).toEqual(numbered(1, 600));
    expect(await within(10_000, toEnd(far.streamLogs, key, 590))).toEqual(numbered(591, 600));
  });

  it('for so long that entries are dropped: who reads elsewhere is shown no gap', async () => {
    const { near, far } = pair;
    const key = randomUUID();
    const log = near.streamLogs.open(key);
    for (let seq = 1; seq <= 100; seq++) log.append(`event ${seq}`);
    await collect(far.streamLogs, key, 0, 100);
    await redis.kill();
    for (let seq = 101; seq <= 3_000; seq++) log.append(`event ${seq}`);
    await redis.run();
    await back();
    await until(async () => (await far.streamLogs.read(key, 2_900)).length === 100);
    expect(await toEnd(far.streamLogs, key, 100)).toEqual([]);
    expect(await far.streamLogs.read(key, 100)).toEqual([]);
    log.close();
  });

  it('keeps what a log had when only the connection broke, and takes nothing twice', async () => {
    const { near, far } = pair;
    const key = randomUUID();
    const log = near.streamLogs.open(key);
    for (let seq = 1; seq <= 50; seq++) log.append(`event ${seq}`);
    await collect(far.streamLogs, key, 0, 50);
    redis.pause();
    for (let seq = 51; seq <= 100; seq++) log.append(`event ${seq}`);
    await expect(near.counters.hit(randomUUID(), 1_000)).rejects.toMatchObject(away);
    redis.resume();
    expect(await within(10_000, collect(far.streamLogs, key, 0, 100))).toEqual(numbered(1, 100));
    log.close();
  });

  it('fails at once what needs it, ends who reads elsewhere, and decides alone what may be decided alone', async () => {
    const { near, far } = pair;
    const [key, name, claim] = [randomUUID(), randomUUID(), randomUUID()];
    const log = near.streamLogs.open(key);
    log.append('event 1');
    await collect(far.streamLogs, key, 0, 1);
    const soon = Date.now() + 60_000;
    near.marks.set(name, soon);
    await until(() => far.marks.until(name) === soon);
    expect(await near.marks.claim(claim, 60_000)).toBe(true);
    const remote = toEnd(far.streamLogs, key, 1);
    await redis.kill();

    expect(await within(5_000, remote)).toEqual([]);
    await expect(near.ping!()).rejects.toMatchObject(away);
    await expect(near.counters.hit(name, 1_000)).rejects.toMatchObject(away);
    await expect(far.streamLogs.read(key, 0)).rejects.toMatchObject(away);
    expect(await within(1_000, toEnd(far.streamLogs, key))).toEqual([]);
    expect(await near.streamLogs.read(key, 0)).toEqual(numbered(1, 1));
    expect([near.marks.until(name), far.marks.until(name)]).toEqual([soon, soon]);
    expect(await near.marks.claim(claim, 60_000)).toBe(false);
    expect(await far.marks.claim(claim, 60_000)).toBe(true);
    expect(await far.marks.claim(claim, 60_000)).toBe(false);
    const [other, gone] = [randomUUID(), name];
    near.marks.set(other, soon);
    near.marks.clear(gone);

    await redis.run();
    await back();
    await until(() => far.marks.until(other) === soon);
    expect(near.marks.until(other)).toBe(soon);
    expect((await near.counters.hit(name, 1_000)).hits).toBe(1);
    log.close();
  });

  it('and comes back empty gets back the marks that hold', async () => {
    const { near, far } = pair;
    const name = randomUUID();
    const soon = Date.now() + 60_000;
    near.marks.set(name, soon);
    await until(() => far.marks.until(name) === soon);
    await redis.kill();
    await redis.run();
    await back();
    const third = redisStore(redis.url);
    await until(() => third.marks.until(name) === soon);
    expect([near.marks.until(name), far.marks.until(name)]).toEqual([soon, soon]);
    await third.close();
  });

  it.each([
    ['is there', () => redis.url],
    ['is away', () => 'redis://127.0.0.1:1'],
  ])('leaves nothing behind in a process that closed its store while it %s', async (_, url) => {
    const script = `
      const { redisStore } = require(${JSON.stringify(join(__dirname, '../../dist/platform/store/redis-store.js'))});
      const store = redisStore(process.argv[1]);
      const log = store.streamLogs.open('${randomUUID()}');
      const ignore = () => undefined;
      setTimeout(async () => {
        log.append('one');
        store.marks.set('${randomUUID()}', Date.now() + 1000);
        await store.counters.hit('${randomUUID()}', 1000).catch(ignore);
        for await (const batch of store.streamLogs.follow('${randomUUID()}', 0, AbortSignal.timeout(50))) ignore(batch);
        log.close();
        await store.close();
        console.log('closed');
      }, 200);`;
    const run = promisify(execFile)(process.execPath, ['-e', script, url()], { timeout: 20_000 });
    expect((await run).stdout).toContain('closed');
  });
});
