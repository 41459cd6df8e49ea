import { randomUUID } from 'node:crypto';
import { freshDatabase, type TestDatabase } from '../support/database';
import { noLeases, usageRow } from '../support/ledger';
import { startParley, type TestParley } from '../support/parley';
import { rawPost, rest } from '../support/raw';
import { type SseEvent } from '../support/sse';
import { until, within } from '../support/until';
import { type Upstream, startUpstream } from '../support/upstreams/upstream';
import { type TestUser } from '../support/user';

const messages = [{ role: 'user', content: 'Hello big world' }];
const JWT_SECRET = 'the same secret for all of the processes';

describe('a process that ends', () => {
  let openai: Upstream;
  let database: TestDatabase;
  const running: TestParley[] = [];
  beforeAll(async () => (openai = await startUpstream('openai')));
  beforeEach(async () => (database = await freshDatabase()));
  afterEach(async () => {
    for (const parley of running.splice(0)) await parley.kill9();
    await database.drop();
  });
  afterAll(() => openai.close());

  const start = async (grace = '10s'): Promise<TestParley> => {
    const yaml = `
http: { shutdown_grace: ${grace} }
models: [{ id: openai/hang-after-3, price: { input_per_mtok: "1", output_per_mtok: "2" } }]`;
    const env = { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: openai.url, JWT_SECRET };
    const parley = await startParley({ database, env, yaml });
    running.push(parley);
    return parley;
  };
  /** The same person at another process. */
  const moved = (user: TestUser, to: TestParley): TestUser => to.anonymous().with(user.headers);
  const ids = () => ({ stream: randomUUID(), completion: randomUUID(), silent: randomUUID() });

  /** Three calls under way: one of a conversation and one of no conversation that have spoken, and one that is silent. */
  const beginCalls = async (alice: TestUser, id: string, { stream, completion, silent }: ReturnType<typeof ids>) => {
    const send = (path: string, body: object, requestId: string) => {
      const asked = alice.send('POST', path, body, { 'x-request-id': requestId });
      asked.then((answer) => answer.text()).catch(() => undefined); // its end is what is tested
    };
    const model = 'openai/hang-after-3';
    send(`/v1/conversations/${id}/stream`, { content: 'Go', model }, stream);
    send('/v1/chat/completions', { messages, model, stream: true }, completion);
    send('/v1/chat', { message: 'Hello', model: 'openai/hang' }, silent);
    await until(
      () =>
        database.query<{ said: number }>(`SELECT (tally ->> 'output_tokens')::int AS said FROM call_leases ORDER BY 1`),
      (leases) => leases.map(({ said }) => said).join() === '0,4,4',
    );
    await until(
      () => alice.messages(id),
      ([, answer]) => answer.content === 'one two three',
    );
  };

  const interrupted = async (parley: TestParley, requestId: string, expected: object) =>
    expect(await usageRow(parley, requestId)).toMatchObject({ outcome: 'interrupted', estimated: true, ...expected });

  it.each([
    ['another process that runs already', true],
    ['the process that takes its place', false],
  ])('killed in the middle of answers, leaves nothing behind: seen to by %s', async (_, already) => {
    const doomed = await start();
    const peer = already ? await start() : null;
    const alice = await doomed.user();
    const id = await alice.conversation({ title: 'Interrupted' });
    const sent = ids();
    await beginCalls(alice, id, sent);
    await doomed.kill9();

    const heir = peer ?? (await start());
    const away = moved(alice, heir);
    const turn = (content: string) => away.post(`/v1/conversations/${id}/chat`, { content, model: 'openai/inspect' });
    // Dead or only slow: that can't be told yet.
    if (already) expect((await turn('Too early')).body.error?.code).toBe('turn_in_progress');
    const messagesNow = () => away.messages(id);
    const stored = await until(messagesNow, ([, answer]) => answer.status !== 'running', 15_000);
    expect(stored).toMatchObject([
      { role: 'user', content: 'Go', status: 'complete' },
      { role: 'assistant', content: 'one two three', status: 'partial', error: { code: 'interrupted' } },
    ]);
    await noLeases(heir, 15_000);
    // "Hello big world" and its framing; "one two three" is thirteen bytes.
    const cost_usd = '0.000016000000'; // 8 × 1 + 4 × 2 millionths
    await interrupted(heir, sent.completion, { input_tokens: 8, output_tokens: 4, cost_usd, provider: 'openai' });
    await interrupted(heir, sent.stream, { output_tokens: 4, message_id: stored[1].id });
    const silent = await usageRow(heir, sent.silent);
    expect(silent).toMatchObject({ outcome: 'interrupted', output_tokens: 0, cost_usd: null });
    expect(silent.input_tokens).toBeGreaterThan(0);
    expect(await database.query('SELECT 1 FROM usage')).toHaveLength(3);

    const next = await turn('Go on');
    expect(JSON.parse(next.body.message.content).messages).toEqual([
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: 'one two three' },
      { role: 'user', content: 'Go on' },
    ]);
    expect((await away.usage()).totals).toMatchObject({ requests: 4, errors: 0 });
  });

  it('asked to stop, lets answers finish, refuses new work and exits with 0', async () => {
    const parley = await start();
    const alice = await parley.user();
    const [id, request] = [await alice.conversation(), randomUUID()];
    const events: SseEvent[] = [];
    const stream = alice.events(`/v1/conversations/${id}/stream`, { content: 'Go', model: 'openai/slow-100-12' });
    events.push((await stream.next()).value);
    const plain = alice.post(
      '/v1/chat',
      { message: 'Hi', model: 'openai/slow-100-8' },
      { headers: { 'x-request-id': request } },
    );
    await until(() => openai.requests.some(({ body }) => body['model'] === 'slow-100-8'));

    const stopped = parley.terminate();
    const ready = await until(
      () => alice.get('/ready'),
      ({ status }) => status === 503,
    );
    expect(ready.body).toMatchObject({ status: 'draining' });
    const late = await alice.post('/v1/chat', { message: 'Me too' });
    expect([late.status, late.body.error.code]).toEqual([503, 'service_unavailable']);
    expect(Object.fromEntries(late.headers)).toMatchObject({ 'retry-after': expect.any(String), connection: 'close' });
    expect((await alice.get('/health')).status).toBe(200);

    for await (const event of stream) events.push(event);
    expect(events.at(-1)).toMatchObject({ event: 'message.end', data: { message: { status: 'complete' } } });
    expect((await plain).body.content).toBe('one two three four five six seven eight');
    expect(await stopped).toBe(0);
    expect(await database.query('SELECT outcome FROM usage')).toEqual([{ outcome: 'success' }, { outcome: 'success' }]);
    expect(await database.query('SELECT 1 FROM call_leases')).toEqual([]);
  });

  it('asked to stop, waits for those who read slowly', async () => {
    const parley = await start();
    const alice = await parley.user();
    const reader = await rawPost(alice, '/v1/chat', { message: 'Hi', model: 'openai/big-320' });
    const answered = () => openai.requests.find(({ body }) => body['model'] === 'big-320');
    await (await until(answered, (request) => request !== undefined))!.closed;
    await until(
      () => database.query(`SELECT 1 FROM usage WHERE outcome = 'success'`),
      (rows) => rows.length === 1,
    );
    const stopped = parley.terminate();
    await until(
      () => alice.get('/ready'),
      ({ status }) => status === 503,
    );
    const { bytes, tail } = await rest(reader);
    expect(bytes).toBeGreaterThan(320 * 65_536);
    expect(tail).toMatch(/"unpriced":true\}$/);
    expect(await stopped).toBe(0);
  });

  it('asked to stop, ends answers that outlast the grace: kept, billed, exit 0', async () => {
    const parley = await start('500ms');
    const alice = await parley.user();
    const id = await alice.conversation();
    await beginCalls(alice, id, ids());
    expect(await within(10_000, parley.terminate())).toBe(0);
    expect(openai.open()).toBe(0);
    const rows = await database.query('SELECT estimated, output_tokens FROM usage ORDER BY output_tokens');
    expect(rows).toEqual([0, 4, 4].map((output_tokens) => ({ estimated: true, output_tokens })));
    expect(await database.query('SELECT 1 FROM call_leases')).toEqual([]);
    const stored = await database.query(
      `SELECT status, parts, error ->> 'code' AS code FROM messages WHERE role = 'assistant'`,
    );
    const parts = [{ type: 'text', text: 'one two three' }];
    expect(stored).toEqual([{ status: 'partial', parts, code: 'interrupted' }]);
  });

  it('asked twice, by someone who cannot wait, stops at once', async () => {
    const parley = await start();
    const alice = await parley.user();
    await beginCalls(alice, await alice.conversation(), ids());
    const first = parley.terminate();
    const heard = () => parley.logs.some((line) => line.includes('SIGTERM'));
    await until(heard);
    // One of the first second is taken for the first one's echo.
    const asked = setInterval(() => void parley.terminate(), 300);
    expect(await within(5_000, first)).toBe(1);
    clearInterval(asked);
  });

  it('asked twice by one press of a key, lets answers finish', async () => {
    const parley = await start();
    const alice = await parley.user();
    const stream = alice.events('/v1/chat/stream', { message: 'Go', model: 'openai/slow-100-12' });
    const events = [(await stream.next()).value];
    const stopped = [parley.terminate(), parley.terminate()];
    for await (const event of stream) events.push(event);
    expect(events.at(-1)).toMatchObject({ event: 'message.end' });
    expect(await Promise.all(stopped)).toEqual([0, 0]);
  });

  it('asked to stop while idle, stops at once', async () => {
    const parley = await start();
    await parley.user(); // and a connection kept alive
    expect(await within(5_000, parley.terminate())).toBe(0);
  });
});
