import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { Client } from 'pg';
import { Keyed, REPLAY } from '../support/keyed';
import { moved } from '../support/replicas';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

const messages = [{ role: 'user' as const, content: 'Hello big world' }];

const WAITING = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%SET status%'`;

describe('an Idempotency-Key', () => {
  let keyed: Keyed;
  let alice: TestUser;
  beforeAll(async () => {
    keyed = await Keyed.begin();
    ({ alice } = keyed);
  });
  beforeEach(() => (keyed.replicas.openai.requests.length = 0));
  afterAll(() => keyed.end());

  describe('of a client that leaves', () => {
    /** Sends the request, and leaves when `answered` says so. */
    const leave = async (path: string, body: object, key: string) => {
      const controller = new AbortController();
      const response = alice.send('POST', path, body, { 'idempotency-key': key }, controller.signal);
      const gone = response.then((answer) => answer.text()).catch(() => undefined);
      await until(keyed.asked);
      await until(
        () => keyed.kept(key),
        (state) => state === 'in progress',
      );
      controller.abort();
      await gone;
    };

    it.each([
      ['/v1/chat', { message: 'Hi', model: 'openai/slow-30-20', on_disconnect: 'cancel' }],
      ['/v1/chat/stream', { message: 'Hi', model: 'openai/slow-30-20', on_disconnect: 'cancel' }],
      ['/v1/chat/batch', { requests: [{ message: 'Hi', model: 'openai/slow-30-20', on_disconnect: 'cancel' }] }],
      ['conversation', { content: 'Hi', model: 'openai/slow-30-20', on_disconnect: 'cancel' }],
    ])('and wants its answer of %s to end is free', async (path, body) => {
      const key = randomUUID();
      const route = path === 'conversation' ? `/v1/conversations/${await alice.conversation()}/chat` : path;
      await leave(route, body, key);
      await until(
        () => keyed.kept(key),
        (state) => state === 'free',
      );
    });

    it.each([
      ['/v1/chat', { message: 'Hi', model: 'openai/slow-20-20' }],
      ['/v1/chat/stream', { message: 'Hi', model: 'openai/slow-20-20' }],
      ['/v1/chat/batch', { requests: [{ message: 'Hi', model: 'openai/slow-20-20' }] }],
      ['/v1/chat/completions', { messages, model: 'openai/slow-20-20' }],
      ['/v1/chat/completions', { messages, model: 'openai/slow-20-20', on_disconnect: 'continue', stream: true }],
      ['stream', { content: 'Hi', model: 'openai/slow-20-20' }],
      ['chat', { content: 'Hi', model: 'openai/slow-20-20' }],
    ])('(%s) gets its answer when it asks again', async (path, body) => {
      const key = randomUUID();
      const route = path.startsWith('/') ? path : `/v1/conversations/${await alice.conversation()}/${path}`;
      await leave(route, body, key);
      const during = await keyed.raw(alice, route, body, key);
      if (during.status !== 200) expect(during.text).toContain('idempotency_request_in_progress');
      await until(
        () => keyed.kept(key),
        (state) => state === 200,
      );
      const again = await keyed.raw(moved(alice, keyed.far), route, body, key);
      expect([again.status, again.headers.get(REPLAY), keyed.asked()]).toEqual([200, 'true', 1]);
      expect(again.text).toContain('twenty');
      expect(again.text).toMatch(/\[DONE\]\n\n$|event: message\.end\n.*\n\n$|^\{.*\}$/);
    });

    it('before anything was said, and wants nothing more, is free as well', async () => {
      const key = randomUUID();
      const { hostname, port } = new URL(keyed.near.url);
      const socket = connect(Number(port), hostname);
      const body = JSON.stringify({ message: 'Hi', model: 'openai/hang', on_disconnect: 'cancel' });
      socket.write(
        `POST /v1/chat HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${alice.token}\r\nidempotency-key: ${key}\r\n` +
          `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      await until(keyed.asked);
      socket.destroy();
      await until(
        () => keyed.kept(key),
        (state) => state === 'free',
      );
    });
  });

  it('of a process killed between the answer and keeping it runs again, when its lease is over and not before', async () => {
    const doomed = await keyed.replicas.start();
    const [key, body] = [randomUUID(), { message: 'Hello', model: 'openai/late-200-3' }];
    const asking = moved(alice, doomed)
      .send('POST', '/v1/chat', body, { 'idempotency-key': key })
      .catch(() => null);
    await until(keyed.asked);
    const lock = new Client({ connectionString: keyed.replicas.database.url });
    await lock.connect();
    await lock.query('BEGIN');
    await lock.query('SELECT FROM idempotency_keys WHERE key = $1 FOR UPDATE', [key]);
    await until(
      () => keyed.replicas.database.query(`SELECT pid ${WAITING}`),
      (rows) => rows.length > 0,
    );
    await doomed.kill9();
    // Its connection would go on waiting, and keep the answer after all.
    await keyed.replicas.database.query(`SELECT pg_terminate_backend(pid) ${WAITING}`);
    await lock.query('ROLLBACK');
    await lock.end();
    expect(await asking).toBeNull();

    const refused = await keyed.chat(alice, key, body);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'idempotency_request_in_progress']);
    expect(keyed.asked()).toBe(1);
    const again = await until(
      () => keyed.chat(alice, key, body),
      ({ status }) => status === 200,
      20_000,
    );
    expect([again.headers.get(REPLAY), keyed.asked()]).toEqual([null, 2]);
    expect((await keyed.chat(alice, key, body)).headers.get(REPLAY)).toBe('true');
  });

  it('lives as long as its request, and a day', async () => {
    const [key, body] = [randomUUID(), { message: 'Hello', model: 'openai/slow-1000-14' }];
    const asking = keyed.chat(alice, key, body);
    await until(
      () =>
        keyed.replicas.database.query(
          `SELECT FROM idempotency_keys WHERE key = $1 AND expires_at < now() + interval '23:59:49'`,
          [key],
        ),
      (rows) => rows.length > 0,
      15_000,
    );
    expect((await keyed.chat(moved(alice, keyed.far), key, body)).body.error.code).toBe(
      'idempotency_request_in_progress',
    );
    expect((await asking).status).toBe(200);
    await keyed.replicas.database.query(`UPDATE idempotency_keys SET expires_at = now() WHERE key = $1`, [key]);
    const other = { message: 'Something else', model: 'openai/echo' };
    expect(await keyed.chat(alice, key, other)).toMatchObject({ status: 200, body: { content: 'Something else' } });
  });
});
