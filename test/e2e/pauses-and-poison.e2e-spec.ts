import { randomUUID } from 'node:crypto';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { startUpstream, type Upstream } from '../support/upstreams/upstream';
import { type TestUser } from '../support/user';

describe('what a long pause or a broken row could spoil', () => {
  let upstream: Upstream;
  let parley: TestParley;
  let alice: TestUser;

  beforeAll(async () => {
    upstream = await startUpstream('openai');
    parley = await startParley({ env: { OPENAI_API_KEY: 'key', OPENAI_BASE_URL: upstream.url } });
    alice = await parley.user();
  });
  afterAll(async () => {
    await parley.stop();
    await upstream.close();
  });

  it('bills the other leases when one of a dead process cannot be billed', async () => {
    const lease = (tally: object) =>
      parley.database.query(
        `INSERT INTO call_leases (id, owner, expires_at, tally) VALUES (($1::jsonb ->> 'id')::uuid, $2, now() - interval '1 minute', $1)`,
        [JSON.stringify(tally), randomUUID()],
      );
    const good = {
      id: randomUUID(),
      at: new Date().toISOString(),
      workspace_id: alice.workspaceId,
      user_id: alice.id,
      kind: 'chat',
      provider: 'openai',
      model: 'left-behind',
      input_tokens: 5,
      output_tokens: 7,
      cached_tokens: 0,
      cache_write_tokens: 0,
      reasoning_tokens: 0,
      cost_usd: '0.000012',
      estimated: true,
      outcome: 'interrupted',
      latency_ms: 5,
      request_id: 'left-behind',
    };
    const bad = { ...good, id: randomUUID(), output_tokens: 4_294_967_295 };
    await lease(bad);
    await lease(good);

    const billed = () => parley.database.query('SELECT id FROM usage WHERE model = $1', ['left-behind']);
    expect(await until(billed, (rows) => rows.length > 0)).toEqual([{ id: good.id }]);
    const left = await parley.database.query('SELECT id, expires_at::text FROM call_leases');
    expect(left).toEqual([{ id: bad.id, expires_at: 'infinity' }]);
    expect(parley.logs.some((line) => line.includes("can't be billed") && line.includes(bad.id))).toBe(true);
    await parley.database.query('DELETE FROM call_leases');
  });

  it('takes back what was swept while it was away, and stores and bills the whole answer', async () => {
    const conversation = await alice.conversation({ model: 'openai/slow-150-30' });
    const streaming = alice.stream(`/v1/conversations/${conversation}/stream`, { content: 'Count' });
    const running = await until(
      async () => (await alice.messages(conversation))[1],
      (message) => message?.content?.length > 0,
    );

    // What another process does when this one does not renew its leases in time.
    await parley.database.query('DELETE FROM call_leases');
    await parley.database.query(
      `UPDATE messages SET status = 'partial', lease_owner = NULL, lease_expires_at = NULL, error = '{"code": "interrupted", "message": "stopped"}' WHERE id = $1`,
      [running.id],
    );

    await until(
      () => parley.database.query('SELECT id FROM call_leases'),
      (rows) => rows.length === 1,
    );
    await until(async () => (await alice.messages(conversation))[1].status === 'running');
    const busy = await alice.post(`/v1/conversations/${conversation}/chat`, { content: 'Again' });
    expect(busy.status).toBe(409);

    const events = await streaming;
    expect(events.at(-1)?.data.message).toMatchObject({ status: 'complete' });
    expect((await alice.messages(conversation))[1].content.split(' ')).toHaveLength(30);
    const rows = await until(
      () => parley.database.query<{ outcome: string }>('SELECT outcome FROM usage WHERE message_id = $1', [running.id]),
      (found) => found.length > 0,
    );
    expect(rows).toEqual([{ outcome: 'success' }]);
  });

  it.each(['模型-words-2', 'a b/words-2', 'emoji-🎈/words-2'])('answers from a model named %s', async (name) => {
    const { status, headers, body } = await alice.post('/v1/chat', { model: `openai/${name}`, message: 'Hi' });
    expect(status).toBe(200);
    expect(decodeURIComponent(headers.get('x-parley-model')!)).toBe(`openai/${name}`);
    expect(body.model).toBe(`openai/${name}`);
  });
});
