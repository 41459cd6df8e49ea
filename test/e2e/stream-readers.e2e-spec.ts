import { rawPost, rest } from '../support/raw';
import { moved, Replicas } from '../support/replicas';
import { type SseEvent } from '../support/sse';
import { until, within } from '../support/until';
import { countTo } from '../support/upstreams/scripts';

describe('readers of a stream', () => {
  let replicas: Replicas;
  beforeEach(async () => (replicas = await Replicas.begin()));
  afterEach(() => replicas.end());

  const upstream = async (model: string) =>
    (await until(() => replicas.openai.requests.find(({ body }) => body['model'] === model)))!;

  it('who read nothing are dropped; the answer goes on, and others get all of it', async () => {
    const parley = await replicas.start({ yaml: 'streams: { stalled_reader: 1s }' });
    const alice = await parley.user();
    const id = await alice.conversation();
    const stalled = await rawPost(alice, `/v1/conversations/${id}/stream`, { content: 'Go', model: 'openai/big-300' });
    const [, answer] = await until(
      () => alice.messages(id),
      (messages) => messages.length === 2,
    );
    const reader = alice.stream(`/v1/conversations/${id}/messages/${answer.id}/stream`);
    const requestLines = () =>
      parley.logs.filter((line) => line.includes('/stream') && line.includes('"aborted":true'));
    await until(requestLines, (lines) => lines.length === 1);
    const events = await within(30_000, reader);
    expect(events).toHaveLength(302);
    expect(events.at(-1)).toMatchObject({ event: 'message.end', data: { message: { status: 'complete' } } });
    const { bytes } = await rest(stalled);
    expect(bytes).toBeLessThan(300 * 65_536);
  });

  it('who read nothing of a stream that nobody stores are dropped too, and it ends', async () => {
    const parley = await replicas.start({ yaml: 'streams: { stalled_reader: 1s }' });
    const alice = await parley.user();
    await rawPost(alice, '/v1/chat/stream', { message: 'Go', model: 'openai/big-300' });
    const request = await upstream('big-300');
    await within(20_000, request.closed);
    expect(request.aborted).toBe(true);
  });

  it('who are slow, but read, get everything', async () => {
    const parley = await replicas.start();
    const alice = await parley.user();
    const id = await alice.conversation();
    const slow = await rawPost(alice, `/v1/conversations/${id}/stream`, { content: 'Go', model: 'openai/big-300' });
    await (
      await upstream('big-300')
    ).closed; // the model does not wait for them
    await until(
      () => alice.messages(id),
      ([, answer]) => answer?.status === 'complete',
    );
    const { bytes, tail } = await rest(slow);
    expect(bytes).toBeGreaterThan(300 * 65_536);
    expect(tail).toContain('"status":"complete"');
  });

  it.each(['conversation', 'chat/stream', 'completions'])('can be told at a pace: %s', async (surface) => {
    const parley = await replicas.start();
    const alice = await parley.user();
    const id = await alice.conversation();
    const [path, question] = {
      conversation: [`/v1/conversations/${id}/stream`, { content: 'Go' }],
      'chat/stream': ['/v1/chat/stream', { message: 'Go' }],
      completions: ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Go' }], stream: true }],
    }[surface] as [string, object];
    const body = { ...question, model: 'openai/words-31', stream_options: { max_tokens_per_second: 20 } };
    const started = performance.now();
    const events: SseEvent[] = [];
    for await (const event of alice.events(path, body)) {
      events.push(event);
      // It is written at its own pace.
      if (surface === 'conversation' && events.length === 3)
        await until(
          () => alice.messages(id),
          ([, answer]) => answer.status === 'complete',
        );
    }
    expect(performance.now() - started).toBeGreaterThan(1_490); // thirty gaps of 50 ms
    const text = ({ data }: SseEvent) => data.text ?? data.choices?.[0]?.delta?.content ?? '';
    expect(events.map(text).join('')).toBe(countTo(31).join(''));
  });

  it('hear why their answer is cut when the process has to stop', async () => {
    const yaml = 'http: { shutdown_grace: 500ms }';
    const parley = await replicas.start({ yaml });
    const alice = await parley.user();
    const id = await alice.conversation();
    const body = { content: 'Go', model: 'openai/hang-after-2' };
    const stream = alice.events(`/v1/conversations/${id}/stream`, body);
    const events: SseEvent[] = [];
    while (events.length < 3) events.push((await stream.next()).value);
    const stopped = parley.terminate();
    for await (const event of stream) events.push(event);
    const error = { type: 'server_error', code: 'interrupted', request_id: expect.any(String) };
    expect(events.at(-1)).toMatchObject({ id: '4', event: 'error', data: { error } });
    expect(await stopped).toBe(0);

    const heir = await replicas.start();
    const later = await moved(alice, heir).stream(
      `/v1/conversations/${id}/messages/${events[0]!.data.message_id}/stream`,
    );
    expect(later).toEqual(events);
  });

  it('may have left: a process that has to stop waits for the answers they left', async () => {
    const parley = await replicas.start();
    const alice = await parley.user();
    const id = await alice.conversation();
    const stream = alice.events(`/v1/conversations/${id}/stream`, { content: 'Go', model: 'openai/slow-50-40' });
    await stream.next();
    await stream.return(undefined);
    expect(await parley.terminate()).toBe(0);
    const stored = await replicas.database.query(`SELECT status, parts FROM messages WHERE role = 'assistant'`);
    expect(stored).toEqual([{ status: 'complete', parts: [{ type: 'text', text: countTo(40).join('') }] }]);
  });
});
