import { type TestParley } from '../support/parley';
import { TestRedis } from '../support/redis';
import { moved, Replicas } from '../support/replicas';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

describe('processes on one Redis', () => {
  let redis: TestRedis;
  let replicas: Replicas;
  beforeEach(async () => {
    redis = await TestRedis.start();
    replicas = await Replicas.begin();
  });
  afterEach(async () => {
    await replicas.end();
    await redis.stop();
  });

  const start = (tier: string, name = 'free') =>
    replicas.start({
      env: { REDIS_URL: redis.url },
      yaml: `tiers: { ${name}: { ${tier} } }\ndefault_tier: ${name}`,
    });
  const startThree = (tier: string) => Promise.all([start(tier), start(tier), start(tier)]);
  const chat = (user: TestUser, fields: object = {}) => user.post('/v1/chat', { message: 'Hi', ...fields });
  const remaining = async (user: TestUser, limit: string): Promise<number> => {
    const { body } = await user.get('/v1/usage/limits');
    return body.rates.find((rate: { limit: string }) => rate.limit === limit)?.remaining;
  };
  const ready = (parley: TestParley) =>
    until(
      () => parley.anonymous().get('/ready'),
      ({ status }) => status === 200,
    );

  it('let exactly the limit pass, whichever is asked, with whatever key', async () => {
    const three = await startThree('requests_per_minute: 100, tokens_per_minute: 1000000, concurrent: 1000');
    const alice = await three[0].user();
    const keys = await Promise.all(
      Array.from({ length: 5 }, async () => alice.with({ 'x-api-key': await alice.apiKey() })),
    );
    const callers = [alice, ...keys].flatMap((user) => three.map((parley) => moved(user, parley)));
    const passed: number[] = [];
    const queue = Array.from({ length: 1_000 }, (_, i) => i).values();
    const worker = async () => {
      for (const i of queue) {
        const { status, headers } = await chat(callers[i % callers.length]!, { model: 'demo/echo' });
        expect([200, 429]).toContain(status);
        if (status === 200) passed.push(Number(headers.get('x-ratelimit-remaining-requests')));
        else expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
    };
    await Promise.all(Array.from({ length: 40 }, worker));
    // Each got a place of its own.
    expect(passed.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(await Promise.all(three.map((parley) => remaining(moved(alice, parley), 'requests_per_minute')))).toEqual([
      0, 0, 0,
    ]);
  });

  it('have the places of a killed one within seconds, and its tokens as they were estimated', async () => {
    const tier = 'concurrent: 3, tokens_per_minute: 1000';
    const [doomed, peer] = await Promise.all([start(tier), start(tier)]);
    const alice = await doomed.user();
    const [here, there] = [alice, moved(alice, peer)];
    const model = 'openai/hang-after-3';
    for (let i = 0; i < 3; i++)
      void here.stream('/v1/chat/stream', { message: 'Hi', model, max_tokens: 100 }).catch(() => null);
    await until(
      () => remaining(there, 'concurrent'),
      (left) => left === 0,
    );
    expect((await chat(there)).status).toBe(429);
    await doomed.kill9();
    expect((await chat(there)).status).toBe(429); // dead or only slow: that can't be told yet
    await until(
      () => remaining(there, 'concurrent'),
      (left) => left === 3,
      8_000,
    );
    expect((await chat(there)).status).toBe(200);
    expect(await remaining(there, 'tokens_per_minute')).toBeLessThan(700);
  });

  it('keep to the limits of each tier', async () => {
    const [free, pro] = await Promise.all([
      start('requests_per_minute: 2', 'free'),
      start('requests_per_minute: 5', 'pro'),
    ]);
    const alice = await free.user();
    const statuses = async (parley: TestParley) => {
      const answers: number[] = [];
      for (let i = 0; i < 6; i++) answers.push((await chat(moved(alice, parley))).status);
      return answers.filter((status) => status === 200).length;
    };
    expect([await statuses(free), await statuses(pro)]).toEqual([2, 5]);
    expect((await moved(alice, pro).get('/v1/usage/limits')).body.tier).toBe('pro');
  });

  it.each<{ trouble: string; goAway: () => unknown; comeBack: () => unknown }>([
    { trouble: 'goes away', goAway: () => redis.kill(), comeBack: () => redis.run() },
    { trouble: 'hangs', goAway: () => redis.pause(), comeBack: () => redis.resume() },
  ])('let nothing pass uncounted when it $trouble: 503, and answers under way go on', async ({ goAway, comeBack }) => {
    const parley = await start('requests_per_minute: 100, tokens_per_minute: 100000, concurrent: 5');
    const alice = await parley.user();
    const under = alice.events('/v1/chat/stream', { message: 'Hi', model: 'openai/slow-200-15' });
    await under.next();
    await goAway();
    for (const path of ['/v1/chat', '/v1/chat/stream']) {
      const { status, body, headers } = await alice.post(path, { message: 'Hi' });
      expect([status, body.error.code]).toEqual([503, 'service_unavailable']);
      expect(headers.get('retry-after')).toBe('5');
    }
    expect((await alice.get('/v1/usage/limits')).status).toBe(503);
    expect((await alice.get('/v1/models')).status).toBe(200);
    let last;
    for await (const event of under) last = event;
    expect(last).toMatchObject({ event: 'message.end' });
    await comeBack();
    await ready(parley);
    expect((await chat(alice)).status).toBe(200);
    await until(
      () => remaining(alice, 'concurrent'),
      (left) => left === 5,
    );
  });
});
