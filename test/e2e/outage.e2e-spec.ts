import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshDatabase, type TestDatabase } from '../support/database';
import { noLeases } from '../support/ledger';
import { Way } from '../support/outage';
import { until, within } from '../support/until';
import { type Answer, type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const messages = [{ role: 'user', content: 'Hello big world' }];

/** What came of one request. */
interface Outcome {
  id: string;
  status: number;
  code: string | undefined;
}

describe('a database that goes away', () => {
  let database: TestDatabase;
  let way: Way;
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    database = await freshDatabase();
    way = await Way.to(database.url);
    world = await startWorld({ database: { ...database, url: way.url } });
    alice = await world.parley.user();
  });
  afterAll(async () => {
    await world.stop();
    way.close();
    await database.drop();
  });

  const ready = () =>
    until(
      () => alice.get('/ready'),
      ({ status }) => status === 200,
    );
  const rows = () =>
    database.query<{ request_id: string; outcome: string }>('SELECT request_id, outcome FROM usage ORDER BY id');

  /** Chats of every kind, one after the other, until `over`. Nothing but an answer or "try again" is acceptable. */
  const load = async (conversation: string, over: AbortSignal): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    const worker = async (send: (headers: Record<string, string>) => Promise<Answer>) => {
      while (!over.aborted) {
        const id = randomUUID();
        const { status, body } = await send({ 'x-request-id': id });
        outcomes.push({ id, status, code: body.error?.code });
      }
    };
    const post = (path: string, body: object) => (headers: Record<string, string>) =>
      alice.post(path, body, { headers });
    const model = 'openai/slow-10-3';
    await Promise.all([
      ...Array.from({ length: 4 }, () => worker(post('/v1/chat', { message: 'Hi', model }))),
      ...Array.from({ length: 4 }, () => worker(post('/v1/chat/completions', { messages, model, stream: true }))),
      worker(post(`/v1/conversations/${conversation}/chat`, { content: 'Hi', model })),
    ]);
    return outcomes;
  };

  /** Every call that reached the provider has one row; every answer that was given belongs to a success. */
  const nothingLost = async (outcomes: Outcome[], calls: number) => {
    await noLeases(world.parley, 15_000);
    const written = await rows();
    const answered = outcomes.filter(({ status }) => status === 200).map(({ id }) => id);
    const successes = written.filter(({ outcome }) => outcome === 'success').map(({ request_id }) => request_id);
    expect(successes).toEqual(expect.arrayContaining(answered));
    expect(new Set(written.map(({ request_id }) => request_id)).size).toBe(written.length);
    expect(written).toHaveLength(calls);
    await until(
      () => database.query(`SELECT 1 FROM messages WHERE status = 'running'`),
      (left) => left.length === 0,
      15_000,
    );
  };

  it('cuts all connections again and again, under load: Parley recovers by itself and bills every call once', async () => {
    const over = new AbortController();
    const loading = load(await alice.conversation(), over.signal);
    for (let cut = 0; cut < 15; cut++) {
      await sleep(100);
      await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'parley%'`,
      );
    }
    await sleep(500);
    over.abort();
    const outcomes = await within(15_000, loading);
    const answered = outcomes.filter(({ status }) => status === 200);
    expect(answered.length).toBeGreaterThan(10);
    const others = outcomes.filter(({ status }) => status !== 200);
    expect(new Set(others.map(({ code }) => code))).toEqual(new Set(others.length > 0 ? ['service_unavailable'] : []));
    await ready();
    await nothingLost(outcomes, world.openai.requests.length);
  });

  it('is away for a while: answers under way go on, everything else is told so, and nothing said or spent is lost', async () => {
    const before = (await rows()).length;
    const conversation = await alice.conversation();
    const model = 'openai/slow-100-25';
    const calls = world.openai.requests.length;
    const stored = alice.stream(`/v1/conversations/${conversation}/stream`, { content: 'Go', model });
    const streamed = alice.stream('/v1/chat/stream', { message: 'Go', model });
    const plain = alice.post('/v1/chat', { message: 'Go', model });
    await until(() => world.openai.requests.length === calls + 3);
    way.close();

    const down = await until(
      () => alice.get('/ready'),
      ({ status }) => status === 503,
    );
    expect(down.body).toEqual({ status: 'unavailable', checks: { database: 'down', queue: 'down' } });
    expect(down.headers.get('retry-after')).toBe('5');
    expect((await alice.get('/health')).status).toBe(200);
    for (const refused of [
      await alice.post('/v1/chat', { message: 'Hi' }),
      await alice.get('/v1/conversations'),
      await alice.post(`/v1/conversations/${conversation}/chat`, { content: 'Hi' }),
      await world.parley.anonymous().post('/v1/auth/login', { email: alice.email, password: 'correct horse battery' }),
    ]) {
      expect([refused.status, refused.body.error.type]).toEqual([503, 'server_error']);
      expect(refused.body.error.code).toBe('service_unavailable');
      expect(refused.headers.get('retry-after')).toBe('5');
    }
    // Neither of these needs the database any more: they end while it is away.
    expect((await within(10_000, streamed)).at(-1)).toMatchObject({ event: 'message.end' });
    expect((await within(10_000, plain)).body.content).toMatch(/twenty-five$/);
    expect((await alice.get('/ready')).status).toBe(503);
    await way.open();

    // This one says that it is stored, and so waits until it is.
    const end = (await within(15_000, stored)).at(-1);
    expect(end).toMatchObject({ event: 'message.end', data: { message: { status: 'complete' } } });
    await ready();
    expect((await alice.messages(conversation)).at(-1).content).toMatch(/twenty-five$/);
    await noLeases(world.parley, 15_000);
    const written = (await rows()).slice(before);
    expect(written.map(({ outcome }) => outcome)).toEqual(['success', 'success', 'success']);
    expect((await alice.usage()).totals.requests).toBe((await rows()).length);
  });
});
