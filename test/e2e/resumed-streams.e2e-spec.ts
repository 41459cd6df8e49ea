import { randomUUID } from 'node:crypto';
import { usageRow } from '../support/ledger';
import { type TestParley } from '../support/parley';
import { anyRedis, TestRedis } from '../support/redis';
import { moved, Replicas } from '../support/replicas';
import { type SseEvent } from '../support/sse';
import { until } from '../support/until';
import { countTo } from '../support/upstreams/scripts';
import { type TestUser } from '../support/user';

const textOf = (events: SseEvent[]) => events.map(({ data }) => data.text ?? '').join('');
const idsOf = (events: SseEvent[]) => events.map(({ id }) => Number(id));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const after = (id: number | string) => ({ headers: { 'last-event-id': String(id) } });

describe.each(['without Redis', 'with Redis'])('streams that are resumed, %s', (kind) => {
  let replicas: Replicas;
  let redis: Awaited<ReturnType<typeof anyRedis>> | null = null;
  let [here, there] = [] as unknown as [TestParley, TestParley];
  let [alice, away] = [] as unknown as [TestUser, TestUser];
  let env: Record<string, string>;
  let id: string;
  beforeAll(async () => {
    replicas = await Replicas.begin();
    redis = kind === 'with Redis' ? await anyRedis() : null;
    env = redis ? { REDIS_URL: redis.url } : {};
    [here, there] = await Promise.all([replicas.start({ env }), replicas.start({ env })]);
    alice = await here.user();
    away = moved(alice, there);
  });
  beforeEach(async () => (id = await alice.conversation()));
  afterAll(async () => {
    await replicas.end();
    await redis?.stop();
  });

  const asking = (model: string, more: object = {}) => ({ content: 'Count', model: `openai/${model}`, ...more });
  const streamOf = (message: string) => `/v1/conversations/${id}/messages/${message}/stream`;

  /** The first events of a new answer, heard until the connection broke. */
  const heard = async (model: string, count: number, requestId: string = randomUUID()): Promise<SseEvent[]> => {
    const events: SseEvent[] = [];
    const options = { headers: { 'x-request-id': requestId } };
    for await (const event of alice.events(`/v1/conversations/${id}/stream`, asking(model), options)) {
      if (events.push(event) === count) break;
    }
    return events;
  };

  it.each(['the same', 'another'])(
    'go on at %s process where the connection broke, and are billed once',
    async (at) => {
      const requestId = randomUUID();
      const first = await heard('slow-40-60', 5, requestId);
      const message = first[0]!.data.message_id;
      const rest = await (at === 'another' ? away : alice).stream(streamOf(message), undefined, after(5));
      const events = [...first, ...rest];
      expect(idsOf(events)).toEqual(upTo(62));
      expect(textOf(events)).toBe(countTo(60).join(''));
      expect(events.at(-1)).toMatchObject({ event: 'message.end', data: { message: { status: 'complete' } } });
      expect(await usageRow(here, requestId)).toMatchObject({ outcome: 'success', output_tokens: 60 });
    },
  );

  it('tell every reader the same, wherever and from wherever it listens', async () => {
    const { message_id } = (await heard('slow-30-40', 1))[0]!.data;
    const readers = [alice, away, alice, away].map((user, i) => user.stream(streamOf(message_id), undefined, after(i)));
    const [whole, ...parts] = await Promise.all(readers);
    expect(idsOf(whole!)).toEqual(upTo(42));
    for (const [i, part] of parts.entries()) expect(part).toEqual(whole!.slice(i + 1));
  });

  it('are told again after their end, from any event on, exactly as they were', async () => {
    for (const model of ['words-4', 'reasoning', 'tools-2', 'cut-after-2']) {
      id = await alice.conversation();
      const live = await alice.stream(`/v1/conversations/${id}/stream`, asking(model));
      const message = live[0]!.data.message_id;
      for (const user of [alice, away]) {
        expect(await user.stream(streamOf(message))).toEqual(live);
        for (let last = 1; last < live.length; last++) {
          expect(await user.stream(streamOf(message), undefined, after(last))).toEqual(live.slice(last));
        }
        for (const last of [live.length, live.length + 7]) {
          const { status, body } = await user.get(streamOf(message), after(last));
          expect([status, body]).toEqual([204, '']);
        }
      }
    }
  });

  it('say how an answer failed that never began', async () => {
    expect((await alice.post(`/v1/conversations/${id}/stream`, asking('status-500'))).status).toBe(502);
    const [, answer] = await alice.messages(id);
    const events = await away.stream(streamOf(answer.id));
    expect(events.map(({ event, id: seq }) => [event, seq])).toEqual([
      ['message.start', '1'],
      ['error', '2'],
    ]);
    expect(events[1]!.data.error).toMatchObject({ type: 'upstream_error', code: 'provider_failed', details: [] });
  });

  it('are for those whose they are', async () => {
    const { message_id } = (await heard('words-2', 1))[0]!.data;
    const [question] = await alice.messages(id);
    const bob = await here.user();
    const elsewhere = await alice.conversation();
    const refused = [
      await bob.get(streamOf(message_id)),
      await alice.get(`/v1/conversations/${elsewhere}/messages/${message_id}/stream`),
      await alice.get(streamOf(question.id)),
      await alice.get(streamOf(randomUUID())),
      await alice.get(streamOf('nothing')),
      await bob.post(`/v1/conversations/${id}/messages/${message_id}/cancel`),
    ];
    for (const { status, body } of refused) expect([status, body.error.code]).toEqual([404, 'message_not_found']);
    for (const last of ['x', '-1', '1.5', '99999999999']) {
      const { status, body } = await alice.get(streamOf(message_id), after(last));
      expect([status, body.error]).toMatchObject([400, { code: 'validation_failed', param: 'Last-Event-ID' }]);
    }
  });

  it('begin at once, though nothing is said yet', async () => {
    const asked = alice.post(`/v1/conversations/${id}/chat`, asking('late-1500-2'));
    const [, answer] = await until(
      () => alice.messages(id),
      (messages) => messages.length === 2,
    );
    const response = await away.send('GET', streamOf(answer.id), undefined, {});
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(await response.text()).toMatch(/^id: 1\nevent: message.start\n[^]*\nevent: message.end\n.*\n\n$/);
    expect((await asked).body.message.content).toBe('one two');
  });

  it('end with the error when the process that writes them is killed', async () => {
    const doomed = await replicas.start({ env });
    const user = moved(alice, doomed);
    const first: SseEvent[] = [];
    const stream = user.events(`/v1/conversations/${id}/stream`, asking('hang-after-9'));
    for await (const event of stream) if (first.push(event) === 10) break; // message.start and nine words
    const message = first[0]!.data.message_id;
    const rest: SseEvent[] = [];
    const listening = (async () => {
      for await (const event of alice.events(streamOf(message), undefined, after(3))) rest.push(event);
    })();
    await until(() => rest.length === 7); // elsewhere that much is known
    await doomed.kill9();
    await listening;
    expect(idsOf([...first.slice(0, 3), ...rest])).toEqual(upTo(11));
    expect(textOf([...first.slice(0, 3), ...rest])).toBe(countTo(9).join(''));
    expect(rest.at(-1)).toMatchObject({
      event: 'error',
      data: { error: { type: 'server_error', code: 'interrupted' } },
    });
    expect((await alice.messages(id))[1]).toMatchObject({ status: 'partial', content: countTo(9).join('') });
    expect(await alice.stream(streamOf(message), undefined, after(3))).toEqual([
      ...rest.slice(0, -1),
      { ...rest.at(-1), data: expect.anything() }, // each request has its own id
    ]);
    const next = await alice.post(`/v1/conversations/${id}/chat`, asking('words-1'));
    expect(next.status).toBe(200);
  });
});

describe('streams that are resumed while Redis goes away', () => {
  it('go on from what is stored, and are whole', async () => {
    const [replicas, redis] = await Promise.all([Replicas.begin(), TestRedis.start()]);
    const env = { REDIS_URL: redis.url };
    const [here, there] = await Promise.all([replicas.start({ env }), replicas.start({ env })]);
    const alice = await here.user();
    const id = await alice.conversation();
    const live = alice.stream(`/v1/conversations/${id}/stream`, { content: 'Count', model: 'openai/slow-60-80' });
    const [, answer] = await until(
      () => alice.messages(id),
      (messages) => messages.length === 2,
    );
    const heard: SseEvent[] = [];
    for await (const event of moved(alice, there).events(`/v1/conversations/${id}/messages/${answer.id}/stream`)) {
      if (heard.push(event) === 10) await redis.kill();
    }
    expect(heard).toEqual(await live);
    expect(textOf(heard)).toBe(countTo(80).join(''));
    await replicas.end();
    await redis.stop();
  });
});
