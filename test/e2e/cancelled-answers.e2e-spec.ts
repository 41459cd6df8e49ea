import { randomUUID } from 'node:crypto';
import { usageRow } from '../support/ledger';
import { type TestParley } from '../support/parley';
import { moved, Replicas } from '../support/replicas';
import { type SseEvent } from '../support/sse';
import { until, within } from '../support/until';
import { countTo } from '../support/upstreams/scripts';
import { type TestUser } from '../support/user';

describe('answers whose reader leaves, or that are cancelled', () => {
  let replicas: Replicas;
  let [here, there] = [] as unknown as [TestParley, TestParley];
  let [alice, away] = [] as unknown as [TestUser, TestUser];
  let id: string;
  beforeAll(async () => {
    replicas = await Replicas.begin();
    [here, there] = await Promise.all([replicas.start(), replicas.start()]);
    alice = await here.user();
    away = moved(alice, there);
  });
  beforeEach(async () => (id = await alice.conversation()));
  afterAll(() => replicas.end());

  const at = (more: string) => `/v1/conversations/${id}/${more}`;
  /** The request that came of a model's name no other test uses. */
  const upstream = async (model: string) =>
    (await until(() => replicas.openai.requests.find(({ body }) => body['model'] === model)))!;
  const answerOf = async () => (await alice.messages(id))[1];
  const ended = () => until(answerOf, ({ status }) => status !== 'running');
  /** Leaves after the first word. */
  const leave = async (path: string, body: object, requestId: string) => {
    const gone = new AbortController();
    const response = await alice.send('POST', path, body, { 'x-request-id': requestId }, gone.signal);
    await response.body!.getReader().read();
    gone.abort();
  };

  it('go on to their end in a conversation, and nowhere else', async () => {
    const [kept, lost] = [randomUUID(), randomUUID()];
    await leave(at('stream'), { content: 'Go', model: 'openai/left/slow-20-30' }, kept);
    await leave('/v1/chat/stream', { message: 'Go', model: 'openai/lost/slow-20-3000' }, lost);
    expect(await ended()).toMatchObject({ status: 'complete', content: countTo(30).join('') });
    expect(await usageRow(here, kept)).toMatchObject({ outcome: 'success', output_tokens: 30 });
    expect(await usageRow(here, lost)).toMatchObject({ outcome: 'cancelled', estimated: true });
    expect(await upstream('lost/slow-20-3000')).toMatchObject({ aborted: true });
  });

  it.each([
    ['/v1/chat', { message: 'Go' }],
    ['/v1/chat/stream', { message: 'Go' }],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Go' }] }],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Go' }], stream: true }],
  ])('go on and are billed where nobody can read them, if they are told to: %s %j', async (path, body) => {
    const requestId = randomUUID();
    const model = `${requestId}/slow-20-30`;
    const gone = new AbortController();
    const asked = { ...body, model: `openai/${model}`, on_disconnect: 'continue' };
    const response = alice.send('POST', path, asked, { 'x-request-id': requestId }, gone.signal);
    response.then((answer) => answer.text()).catch(() => undefined); // the abort ends it
    const request = await upstream(model);
    await until(() => request.wireBytes > 0 || !request.body['stream']);
    gone.abort();
    expect(await usageRow(here, requestId)).toMatchObject({ outcome: 'success', output_tokens: 30 });
    expect(request.aborted).toBe(false);
  });

  it('are cancelled at once when they are told to, with what was said', async () => {
    const requestId = randomUUID();
    const body = { content: 'Go', model: 'openai/cancelled/hang-after-2', on_disconnect: 'cancel' };
    await leave(at('stream'), body, requestId);
    await within(2000, (await upstream('cancelled/hang-after-2')).closed);
    const answer = await ended();
    expect(answer).toMatchObject({ status: 'cancelled', finish_reason: 'cancelled', content: 'one two' });
    expect(await usageRow(here, requestId)).toMatchObject({ outcome: 'cancelled', message_id: answer.id });
    const told = await away.stream(at(`messages/${answer.id}/stream`));
    expect(told.at(-1)).toMatchObject({ event: 'message.end', data: { finish_reason: 'cancelled', message: answer } });
  });

  it.each(['the same', 'another'])('can be cancelled from %s process, whoever listens', async (where) => {
    const requestId = randomUUID();
    const model = `${requestId}/hang-after-3`;
    const events: SseEvent[] = [];
    const stream = alice.events(
      at('stream'),
      { content: 'Go', model: `openai/${model}` },
      { headers: { 'x-request-id': requestId } },
    );
    while (events.length < 4) events.push((await stream.next()).value);
    const { message_id } = events[0]!.data;
    const elsewhere = away.stream(at(`messages/${message_id}/stream`));
    const cancel = () => (where === 'another' ? away : alice).post(at(`messages/${message_id}/cancel`));

    const { status, body } = await cancel();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: message_id,
      status: 'cancelled',
      content: 'one two three',
      finish_reason: 'cancelled',
    });
    expect(body.usage.output_tokens).toBeGreaterThan(0);
    for await (const event of stream) events.push(event);
    const end = { finish_reason: 'cancelled', usage: body.usage, cost_usd: null, message: body };
    expect(events.at(-1)).toMatchObject({ id: '5', event: 'message.end', data: end });
    expect(await elsewhere).toEqual(events);
    const request = await upstream(model);
    await within(2000, request.closed);
    expect(request.aborted).toBe(true);
    expect(await usageRow(here, requestId)).toMatchObject({ outcome: 'cancelled', output_tokens: 4 });

    expect((await cancel()).body).toEqual(body); // it has ended
    expect((await alice.post(at('chat'), { content: 'Next', model: 'openai/words-1' })).status).toBe(200);
  });

  it('are given to the one who waits for the whole when they are cancelled', async () => {
    const waiting = alice.post(at('chat'), { content: 'Go', model: 'openai/hang' });
    const answer = await until(answerOf);
    const { body } = await away.post(at(`messages/${answer.id}/cancel`));
    expect(body).toMatchObject({ status: 'cancelled', content: '' });
    expect(await waiting).toMatchObject({ status: 200, body: { finish_reason: 'cancelled', message: body } });
  });

  it('are nobody else’s to cancel', async () => {
    const bob = await here.user();
    const waiting = alice.post(at('chat'), { content: 'Go', model: 'openai/slow-50-30' });
    const answer = await until(answerOf);
    for (const conversation of [id, await bob.conversation()]) {
      const { status } = await bob.post(`/v1/conversations/${conversation}/messages/${answer.id}/cancel`);
      expect(status).toBe(404);
    }
    expect((await waiting).body.message).toMatchObject({ status: 'complete', content: countTo(30).join('') });
  });

  it('are left as they are when they have ended', async () => {
    const { message } = (await alice.post(at('chat'), { content: 'Go', model: 'openai/words-2' })).body;
    expect((await away.post(at(`messages/${message.id}/cancel`))).body).toEqual(message);
    const [question] = await alice.messages(id);
    expect((await alice.post(at(`messages/${question.id}/cancel`))).status).toBe(404);
  });

  it('are cancelled also when the word of it is lost', async () => {
    const waiting = alice.post(at('chat'), { content: 'Go', model: 'openai/hang-after-2' });
    const answer = await until(answerOf);
    await replicas.database.query('UPDATE messages SET cancel_requested = true WHERE id = $1', [answer.id]);
    expect((await within(5000, waiting)).body.message).toMatchObject({ status: 'cancelled', content: 'one two' });
  });
});
