import { randomUUID } from 'node:crypto';
import { startParley } from '../support/parley';
import { TestUser } from '../support/user';
import { until } from '../support/until';
import { startWorld, type World } from '../support/world';

const PASSWORD = 'correct horse battery';
const messages = [{ role: 'user', content: 'Hi' }];

describe('what fails is left alone for a while', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld(({ openai }) => ({
      env: { SPARE: 'sk-spare', REVOKED: 'sk-revoked' },
      yaml: `
providers:
  - { id: spread, kind: openai-compatible, base_url: "${openai.url}" }
  - { id: bad-keys, kind: openai-compatible, base_url: "${openai.url}" }
keys:
  spread: [ $REVOKED, $SPARE ]
  bad-keys: [ $REVOKED, sk-also-revoked ]
retry: { base: 10ms, cap: 50ms }
breaker: { minimum: 4, open: 500ms }
`,
    }));
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  const ask = async (model: string, more: object = {}) => {
    const id = randomUUID();
    const headers = { 'x-request-id': id };
    return { id, ...(await alice.post('/v1/chat/completions', { model, messages, ...more }, { headers })) };
  };
  const sentTo = (model: string) =>
    world.openai.requests.filter(({ body }) => body['model'] === model.slice(model.indexOf('/') + 1));

  describe('several keys of one provider', () => {
    it('lets one that is refused rest, and goes on with the others', async () => {
      for (let i = 0; i < 4; i++) expect((await ask('spread/words-7')).status).toBe(200);
      const keys = sentTo('spread/words-7').map(({ headers }) => headers.authorization);
      const refused = keys.filter((key) => key === 'Bearer sk-revoked');
      expect(refused.length).toBeLessThanOrEqual(1);
      expect(keys.length - refused.length).toBe(4);
    });

    it('never lets the last one rest', async () => {
      for (let i = 0; i < 3; i++) {
        const { status, body } = await ask('bad-keys/words-5');
        expect([status, body.error.code]).toEqual([502, 'upstream_credentials_rejected']);
      }
      expect(sentTo('bad-keys/words-5').length).toBeGreaterThanOrEqual(4);
    });
  });

  it('is seen by those who run the installation, and by nobody else', async () => {
    const [mine] = await world.parley.database.query<{ id: string }>('SELECT id FROM users LIMIT 1');
    const refused = await alice.get('/v1/providers');
    expect([refused.status, refused.body.error.code]).toEqual([403, 'insufficient_role']);
    await ask('openai/slow-20-5', { stream: true });
    await ask('openai/status-500');

    await world.parley.database.query('UPDATE users SET is_admin = true WHERE id = $1', [mine!.id]);
    const root = await startParley({ database: world.parley.database, env: world.env });
    try {
      const { body: login } = await root.anonymous().post('/v1/auth/login', { email: alice.email, password: PASSWORD });
      const admin = new TestUser(root, { authorization: `Bearer ${login.access_token}` });
      const { status, body } = await admin.get('/v1/providers');
      expect([status, body.window_minutes]).toEqual([200, 5]);
      const state = (model: string) => body.data.find((target: { model: string }) => target.model === model);
      expect(state('openai/slow-20-5')).toMatchObject({
        state: 'closed',
        retry_at: null,
        keys: { total: 1, resting: 0 },
        attempts: 1,
        success_rate: 1,
        ttft_ms: { p50: expect.any(Number), p95: expect.any(Number) },
        tokens_per_second: { p50: expect.any(Number) },
      });
      expect(state('openai/status-500')).toMatchObject({ attempts: 3, success_rate: 0, ttft_ms: null });
      const narrowed = await admin.apiKey({ scopes: ['chat'] });
      const key = admin.with({ 'x-api-key': narrowed });
      expect((await key.get('/v1/providers')).body.error.code).toBe('insufficient_scope');
    } finally {
      await root.terminate();
    }
  });

  it('leaves a target alone that fails too often, and comes back to it', async () => {
    const model = `openai/sick~${'status-500~'.repeat(6)}words-2`;
    await ask(model); // three attempts
    await ask(model); // the fourth opens the breaker
    const tried = sentTo(model).length;
    expect(tried).toBe(4);
    const { status, body, headers, id } = await ask(model);
    expect([status, body.error.code]).toEqual([503, 'provider_overloaded']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(sentTo(model)).toHaveLength(tried);
    expect(await world.parley.database.query('SELECT FROM usage WHERE request_id = $1', [id])).toEqual([]);
    // Others are not affected, and a route goes on at once.
    expect((await ask(model, { fallbacks: ['anthropic/words-2'] })).status).toBe(200);

    // Probes: two find it as bad as before, the third finds it well.
    await until(
      () => ask(model),
      (answer) => answer.status === 200,
    );
    expect(sentTo(model)).toHaveLength(7);
    expect((await ask(model)).status).toBe(200);
  });

  it('comes back to it though a caller who was to try it did not wait', async () => {
    const model = `openai/trial~${'status-500~'.repeat(4)}words-2`;
    await ask(model);
    await ask(model);
    await until(
      () => ask(model, { timeout_ms: 1 }),
      ({ status }) => status === 504, // let through, and out of time
    );
    expect((await ask(model)).status).toBe(200);
  });
});

describe('what is held against a target, and what is not', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld({ yaml: 'breaker: { minimum: 4, open: 1m }\ntimeouts: { attempt: 1s }\n' });
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  it('is: a stream that breaks, though it had begun', async () => {
    const ask = () => alice.send('POST', '/v1/chat/stream', { message: 'Hi', model: 'openai/cut-after-3' }, {});
    for (let i = 0; i < 4; i++) expect(await (await ask()).text()).toContain('upstream_truncated');
    expect((await ask()).status).toBe(503);
  });

  it('is not: a reader so slow that an attempt runs out of time', async () => {
    const model = 'openai/words-5000';
    const body = { message: 'Hi', model, stream_options: { max_tokens_per_second: 50 } };
    const streams = await Promise.all(Array.from({ length: 5 }, () => alice.stream('/v1/chat/stream', body)));
    for (const events of streams) expect(events.at(-1)!.data.error.code).toBe('upstream_timeout');
    expect((await alice.post('/v1/chat', { message: 'Hi', model })).status).toBe(200);
  });
});
