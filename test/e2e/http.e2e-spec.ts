import { request } from 'node:http';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

const ORIGIN = 'https://app.example.com';
const PASSWORD = 'correct horse battery';

describe('HTTP', () => {
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    parley = await startParley({ env: { CORS_ORIGINS: `${ORIGIN}, http://localhost:5173` } });
    alice = await parley.user();
  });
  afterAll(() => parley.stop());

  it.each([
    ['GET', '/nowhere'],
    ['GET', '/v1'],
    ['GET', '/v1/nowhere?x=1'],
    ['POST', '/v1/nowhere'],
    ['PUT', '/v1/chat'],
    ['GET', '/v1/chat'],
    ['DELETE', '/v1/conversations'],
    ['PATCH', '/v1/models/demo/echo'],
    ['PROPFIND', '/v1/users/me'],
    ['PURGE', '/'],
    ['GET', '/v1//users/me'],
    ['GET', '/%c0'],
    ['GET', '/..%2f..%2fetc/passwd'],
    ['GET', '/docs/..%2f..%2fpackage.json'],
  ])('has no %s %s, whoever asks', async (method, path) => {
    for (const headers of [{}, alice.headers]) {
      const answer = await plain(method, path, headers);
      expect([answer.status, answer.headers['content-type']]).toEqual([404, 'application/json; charset=utf-8']);
      expect(JSON.parse(answer.text).error).toMatchObject({
        type: 'not_found_error',
        code: 'route_not_found',
        request_id: answer.headers['x-request-id'],
      });
    }
  });

  /** As it is, where `fetch` would tidy it up. */
  const plain = (method: string, path: string, headers: Record<string, string>) =>
    new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>((done, failed) => {
      const { hostname, port } = new URL(parley.url);
      const req = request({ hostname, port, method, path, headers }, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        res.on('end', () => done({ status: res.statusCode!, headers: res.headers, text }));
      });
      req.on('error', failed).end();
    });

  describe('says on every answer', () => {
    const answers = {
      'an answer': () => alice.get('/v1/users/me'),
      'a model’s answer': () => alice.post('/v1/chat', { message: 'Hi' }),
      'a refusal': () => alice.post('/v1/chat', {}),
      'bad JSON': () => alice.post('/v1/chat', '{'),
      'no credentials': () => parley.anonymous().get('/v1/users/me'),
      'no such thing': () => alice.get('/v1/conversations/x'),
      'no such route': () => alice.get('/nowhere'),
      'a page': () => alice.get('/docs'),
      health: () => alice.get('/health'),
    };

    it.each(Object.entries(answers))('its id, its time and what browsers must not do: %s', async (_, ask) => {
      const { headers } = await ask();
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-process-time')).toMatch(/^\d+\.\d+$/);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': expect.stringContaining('max-age='),
        'content-security-policy': expect.stringMatching(/^default-src '(none|self)'/),
      });
      expect(headers.has('x-powered-by')).toBe(false);
    });

    it('the id the caller gave it, when it is one', async () => {
      for (const id of ['abc', 'A_b-9', 'x'.repeat(128)]) {
        for (const path of ['/v1/users/me', '/nowhere']) {
          expect((await alice.get(path, { headers: { 'x-request-id': id } })).headers.get('x-request-id')).toBe(id);
        }
      }
      for (const id of ['', 'a b', 'x'.repeat(129), 'a;b', 'ü', "'--"]) {
        const { headers } = await alice.get('/v1/users/me', { headers: { 'x-request-id': id } });
        expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      }
      const stream = await alice.send('POST', '/v1/chat/stream', { message: 'Hi' }, { 'x-request-id': 'stream-7' });
      expect(stream.headers.get('x-request-id')).toBe('stream-7');
      expect(stream.headers.get('x-process-time')).toMatch(/^\d+\.\d+$/);
      await stream.text();
    });
  });

  describe('across origins', () => {
    it('lets the configured ones in, and no other', async () => {
      const asked = async (origin: string) =>
        (await alice.get('/v1/users/me', { headers: { origin } })).headers.get('access-control-allow-origin');
      expect(await asked(ORIGIN)).toBe(ORIGIN);
      expect(await asked('http://localhost:5173')).toBe('http://localhost:5173');
      for (const origin of ['https://evil.example.com', 'null', `${ORIGIN}.evil.com`])
        expect(await asked(origin)).toBeNull();
    });

    it('answers the question browsers ask first, without credentials', async () => {
      const headers = {
        origin: ORIGIN,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization,content-type,x-workspace-id,idempotency-key',
      };
      const answer = await plain('OPTIONS', '/v1/conversations/x', headers);
      expect(answer.status).toBe(204);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': expect.stringContaining('DELETE'),
        'access-control-allow-headers': 'authorization,content-type,x-workspace-id,idempotency-key',
        vary: expect.stringContaining('Origin'),
      });
    });

    it('shows every header of its own, on errors too', async () => {
      const ok = await alice.post('/v1/chat', { message: 'Hi' }, { headers: { origin: ORIGIN } });
      const refused = await alice.post('/v1/chat', {}, { headers: { origin: ORIGIN } });
      for (const { headers } of [ok, refused]) {
        const exposed = headers.get('access-control-expose-headers')!.split(',');
        const own = [...headers.keys()].filter((name) => /^x-(request|process|parley|ratelimit|should)/.test(name));
        expect(exposed).toEqual(expect.arrayContaining([...own, 'x-parley-cost-usd', 'x-should-retry', 'retry-after']));
        expect(headers.get('access-control-allow-origin')).toBe(ORIGIN);
      }
    });
  });

  it('packs JSON, and never a stream', async () => {
    const accept = { 'accept-encoding': 'gzip, deflate, br' };
    expect((await plain('GET', '/openapi.json', accept)).headers['content-encoding']).toMatch(/^(gzip|br)$/);
    expect((await plain('GET', '/openapi.json', {})).headers).not.toHaveProperty('content-encoding');
    for (const [path, body] of [
      ['/v1/chat/stream', { message: 'lorem 300', model: 'demo/lorem' }],
      [
        '/v1/chat/completions',
        { messages: [{ role: 'user', content: 'lorem 300' }], model: 'demo/lorem', stream: true },
      ],
    ] as const) {
      const gone = new AbortController();
      const response = await alice.send('POST', path, body, accept, gone.signal);
      expect(response.headers.get('content-encoding')).toBeNull();
      expect(response.headers.get('x-accel-buffering')).toBe('no');
      // The first words come while the others are still to be said.
      const { value } = await response.body!.getReader().read();
      expect(Buffer.from(value).toString()).not.toContain('aliqua');
      gone.abort();
    }
  });

  it('is up and ready', async () => {
    expect(await parley.anonymous().get('/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const ready = await parley.anonymous().get('/ready');
    expect(ready).toMatchObject({ status: 200, body: { status: 'ready', checks: { database: 'up' } } });
  });

  it('writes one line per request, and no secret in any', async () => {
    const key = await alice.apiKey();
    const byKey = parley.anonymous().with({ 'x-api-key': key });
    const id = `log-${Date.now()}`;
    await byKey.get(`/v1/models?api_key=${key}`, { headers: { 'x-request-id': id } });
    await parley.anonymous().post('/v1/auth/login', { email: alice.email, password: PASSWORD });
    await parley.anonymous().post('/v1/auth/login', { email: alice.email, password: 'a wrong password' });
    await parley.anonymous().post('/v1/auth/refresh', { refresh_token: alice.refreshToken });
    await parley.anonymous().with({ authorization: 'Bearer forged.access.token' }).get('/v1/users/me');
    await byKey.post('/v1/chat', { message: 'a very private question', bad: 'field of mine' });
    await byKey.post('/v1/chat', { message: 'a very private question' });
    const lines = () => parley.logs.filter((line) => line.includes(id)).map((line) => JSON.parse(line));
    const [line, ...more] = await until(lines, (found) => found.length > 0);
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      request_id: id,
      method: 'GET',
      path: '/v1/models',
      status: 200,
      ms: expect.any(Number),
      user: alice.id,
      workspace: alice.workspaceId,
    });
    const logs = parley.logs.join('\n');
    for (const secret of [
      PASSWORD,
      'a wrong password',
      alice.token,
      alice.refreshToken,
      key,
      'forged.access.token',
      'very private',
      'field of mine',
    ]) {
      expect(logs).not.toContain(secret);
    }
    expect(logs).not.toMatch(/"level":[56]0/); // nothing in this file was Parley's own mistake
  });
});
