import { startParley, type TestParley } from '../support/parley';
import { TestRedis } from '../support/redis';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

const PASSWORD = 'correct horse battery';

describe('two processes on one Redis', () => {
  let redis: TestRedis;
  let first: TestParley;
  let second: TestParley;
  beforeAll(async () => {
    redis = await TestRedis.start();
    const options = { env: { REDIS_URL: redis.url }, yaml: 'throttle: { per_ip: 1000, per_mail: 3 }' };
    first = await startParley(options);
    second = await startParley({ ...options, database: first.database });
  });
  afterAll(async () => {
    await second.terminate();
    await first.stop();
    await redis.stop();
  });

  const ready = ({ parley }: TestUser) =>
    until(
      () => parley.anonymous().get('/ready'),
      ({ status }) => status === 200,
    );
  const login = (parley: TestParley, email: string, password = 'wrong password') =>
    parley.anonymous().post('/v1/auth/login', { email, password });

  it('count attempts together', async () => {
    const statuses: number[] = [];
    for (const parley of [first, second, first, second, first]) {
      statuses.push((await login(parley, 'somebody@example.com')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  it.each<{ trouble: string; goAway: () => unknown; comeBack: () => unknown }>([
    { trouble: 'goes away', goAway: () => redis.kill(), comeBack: () => redis.run() },
    { trouble: 'hangs', goAway: () => redis.pause(), comeBack: () => redis.resume() },
  ])('go on when it $trouble, say what they cannot do, and recover by themselves', async ({ goAway, comeBack }) => {
    const alice = await first.user();
    await ready(alice);
    await goAway();

    const down = await until(
      () => alice.get('/ready'),
      ({ status }) => status === 503,
    );
    expect(down.body).toMatchObject({ status: 'unavailable', checks: { database: 'up', store: 'down' } });
    expect((await alice.get('/health')).status).toBe(200);
    const refused = await login(first, alice.email, PASSWORD);
    expect([refused.status, refused.body.error.code]).toEqual([503, 'service_unavailable']);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await alice.post('/v1/chat', { message: 'Hi', model: 'demo/echo' })).body.content).toBe('Hi');
    expect((await alice.stream('/v1/chat/stream', { message: 'lorem 5', model: 'demo/lorem' })).at(-1)).toMatchObject({
      event: 'message.end',
    });
    const conversation = await alice.conversation();
    expect((await alice.post(`/v1/conversations/${conversation}/chat`, { content: 'Hi' })).status).toBe(200);

    await comeBack();
    await ready(alice);
    expect((await login(first, alice.email, PASSWORD)).status).toBe(200);
    await ready(second.anonymous());
  });

  it('start while it is away, and stop', async () => {
    await redis.kill();
    const third = await startParley({ database: first.database, env: { REDIS_URL: redis.url } });
    expect((await third.anonymous().get('/ready')).status).toBe(503);
    // Said as lines of the log, by everything that connects to it.
    expect(third.logs.filter((line) => /^Error|^\s+at /.test(line))).toEqual([]);
    expect(third.logs.filter((line) => line.includes('is away, trying again'))).toHaveLength(2);
    await redis.run();
    await ready(third.anonymous());
    await redis.kill();
    expect(await third.terminate()).toBe(0);
    await redis.run();
  });
});
