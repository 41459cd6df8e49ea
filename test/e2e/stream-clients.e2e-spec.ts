import { randomUUID } from 'node:crypto';
import { noLeases, usageRow, usageRows } from '../support/ledger';
import { rawPost, rest } from '../support/raw';
import { type TestUser } from '../support/user';
import { until, within } from '../support/until';
import { type ReceivedRequest } from '../support/upstreams/upstream';
import { startWorld, type World } from '../support/world';

const messages = [{ role: 'user', content: 'Hello big world' }];
const PLAIN = {
  completions: { path: () => '/v1/chat/completions', body: { messages } },
  chat: { path: () => '/v1/chat', body: { message: 'Hello' } },
  conversation: {
    path: (id: string) => `/v1/conversations/${id}/chat`,
    body: { content: 'Hello', on_disconnect: 'cancel' },
  },
};
const STREAMS = {
  completions: { path: () => '/v1/chat/completions', body: { messages, stream: true } },
  'chat/stream': { path: () => '/v1/chat/stream', body: { message: 'Hello' } },
  conversation: {
    path: (id: string) => `/v1/conversations/${id}/stream`,
    body: { content: 'Hello', on_disconnect: 'cancel' },
  },
};
type Kind = { path: (conversation: string) => string; body: object };
const streams = Object.entries(STREAMS) as [string, Kind][];

describe('clients that leave, wait or read slowly', () => {
  let world: World;
  let alice: TestUser;
  let conversation: string;
  beforeAll(async () => {
    world = await startWorld();
    alice = await world.parley.user();
  });
  beforeEach(async () => {
    conversation = await alice.conversation();
  });
  afterEach(() => noLeases(world.parley));
  afterAll(() => world.stop());

  /** The request that came of a model's name no other test uses. */
  const received = (provider: 'openai' | 'anthropic', model: string): Promise<ReceivedRequest> =>
    until(
      () => world[provider].requests.find(({ body }) => body['model'] === model),
      (found) => found !== undefined,
    ) as Promise<ReceivedRequest>;

  describe.each(['openai', 'anthropic'] as const)('leaving while %s is at work', (provider) => {
    it.each([
      ['plain', 'hang', Object.entries(PLAIN)],
      ['plain', 'slow-60000', Object.entries(PLAIN)],
      ['stream', 'hang', streams],
      ['stream', 'hang-after-2', streams],
      ['stream', 'slow-60000', streams],
    ] as [string, string, [string, Kind][]][])(
      'ends the call within a second, and it is billed: %s, %s',
      async (kind, script, surfaces) => {
        for (const [surface, { path, body }] of surfaces) {
          const [id, name] = [randomUUID(), `${surface.replace('/', '-')}-${kind}/${script}`];
          const gone = new AbortController();
          const headers = { 'x-request-id': id };
          const asked = alice.send(
            'POST',
            path(conversation),
            { ...body, model: `${provider}/${name}` },
            headers,
            gone.signal,
          );
          asked.catch(() => undefined); // the abort ends it
          const request = await received(provider, name);
          if (kind === 'stream' && script !== 'hang') await asked; // the headers, with the first words
          gone.abort();
          await within(1000, request.closed);
          expect(request.aborted).toBe(true);

          const row = await usageRow(world.parley, id);
          expect(row).toMatchObject({ outcome: 'cancelled', error_code: null, estimated: true, model: name });
          expect(row.input_tokens).toBeGreaterThan(0);
          if (script === 'hang-after-2') expect(row.output_tokens).toBe(2);
        }
        const [, answer] = await until(
          () => alice.messages(conversation),
          ([, stored]) => stored.status !== 'running',
        );
        expect(answer).toMatchObject({ status: 'cancelled', error: { code: 'client_closed' } });
        if (script === 'hang-after-2') expect(answer.content).toBe('one two');
        // and the conversation goes on
        expect((await alice.post(`/v1/conversations/${conversation}/chat`, { content: 'Hi' })).status).toBe(200);
      },
    );
  });

  it('ends all calls of a batch whose client leaves, and begins no more', async () => {
    const gone = new AbortController();
    const requests = Array.from({ length: 30 }, () => ({ message: 'Hi', model: 'openai/batch/hang' }));
    const asked = alice.send('POST', '/v1/chat/batch', { requests }, {}, gone.signal);
    asked.catch(() => undefined);
    const seen = () => world.openai.requests.filter(({ body }) => body['model'] === 'batch/hang');
    await until(() => seen().length === 10);
    gone.abort();
    await within(1000, Promise.all(seen().map(({ closed }) => closed)));
    await noLeases(world.parley);
    expect(seen()).toHaveLength(10);
  });

  it('answers those of a batch that are to go on without their client, also when they come later', async () => {
    const [gone, id] = [new AbortController(), randomUUID()];
    const requests = [
      ...Array.from({ length: 10 }, () => ({ message: 'Hi', model: `openai/${id}/hang` })),
      ...['words-2', 'words-3'].map((model) => ({
        message: 'Hi',
        model: `openai/${model}`,
        on_disconnect: 'continue',
      })),
    ];
    const asked = alice.send('POST', '/v1/chat/batch', { requests }, { 'x-request-id': id }, gone.signal);
    asked.catch(() => undefined);
    await until(() => world.openai.requests.filter(({ body }) => body['model'] === `${id}/hang`).length === 10);
    gone.abort();
    const succeeded = await until(
      async () => (await usageRows(world.parley, id)).filter(({ outcome }) => outcome === 'success'),
      (rows) => rows.length === 2,
    );
    expect(succeeded.map(({ output_tokens }) => output_tokens).sort()).toEqual([2, 3]);
  });

  it('a slow reader slows a model nobody else listens to, and gets everything in the end', async () => {
    const stateless = streams.filter(([surface]) => surface !== 'conversation');
    const models = stateless.map(([surface]) => `${surface.replace('/', '-')}-slow/big-640`); // 40 MB each
    const readers = await Promise.all(
      stateless.map(([, { path, body }], i) =>
        rawPost(alice, path(conversation), { ...body, model: `openai/${models[i]}` }),
      ),
    );
    const requests = await Promise.all(models.map((model) => received('openai', model)));
    for (const request of requests) {
      const seen = { bytes: -1, at: 0 };
      const quietFor = () => {
        if (request.wireBytes !== seen.bytes) Object.assign(seen, { bytes: request.wireBytes, at: performance.now() });
        return performance.now() - seen.at;
      };
      await until(quietFor, (ms) => request.wireBytes > 0 && ms > 700, 20_000);
      expect(request.wireBytes).toBeLessThan(25_000_000); // what the sockets on the way hold, and little more
      expect(request.aborted).toBe(false);
    }
    for (const [i, end] of ['data: [DONE]', 'event: message.end'].entries()) {
      const { bytes, tail } = await rest(readers[i]!);
      expect(bytes).toBeGreaterThan(640 * 65_536);
      expect(tail).toContain(end);
    }
  });

  describe('a provider that lets wait', () => {
    it('is waited for 5 s before the headers leave; a failure after that comes in the stream', async () => {
      const waits = streams.map(async ([surface, { path, body }]) => {
        const started = performance.now();
        const model = 'openai/hang';
        const asked = { ...body, model, timeout_ms: 6500 };
        const response = await alice.send('POST', path(conversation), asked, {});
        const waited = performance.now() - started;
        expect(response.status).toBe(200);
        expect(waited).toBeGreaterThan(4500);
        expect(waited).toBeLessThan(6400);
        expect(response.headers.get('content-type')).toContain('text/event-stream');
        expect(response.headers.get('x-parley-provider')).toBeNull();
        const text = await response.text();
        expect(text).toContain('"code":"upstream_timeout"');
        expect(text).not.toMatch(/\[DONE\]|message\.end/);
        if (surface === 'completions') expect(text).toMatch(/^: keep-alive\n\ndata: \{"error":/);
        else
          expect(text).toMatch(
            /^id: 1\nevent: message\.start\n.*"model":null,"provider":null\}\n\nid: 2\nevent: error\n/,
          );
      });
      await Promise.all(waits);
      const [, answer] = await alice.messages(conversation);
      expect(answer).toMatchObject({ status: 'failed', error: { code: 'upstream_timeout' } });
    });

    it('is told in message.end when the headers could not', async () => {
      const late = ['chat/stream', 'conversation'] as const;
      await Promise.all(
        late.map(async (surface) => {
          const { path, body } = STREAMS[surface];
          const events = await alice.stream(path(conversation), { ...body, model: 'anthropic/late-5600-2' });
          expect(events.map(({ event, id }) => [event, id])).toEqual([
            ['message.start', '1'],
            ['message.delta', '2'],
            ['message.delta', '3'],
            ['message.end', '4'],
          ]);
          expect(events[0]!.data).toMatchObject({ provider: null, model: null, message_id: expect.any(String) });
          expect(events.at(-1)!.data).toMatchObject({ provider: 'anthropic', model: 'anthropic/late-5600-2' });
        }),
      );
    });

    it('does not let proxies cut the connection: a comment every 15 s', async () => {
      const waits = streams.map(async ([, { path, body }]) => {
        const gone = new AbortController();
        const asked = { ...body, model: 'openai/hang-after-1' };
        const response = await alice.send('POST', path(conversation), asked, {}, gone.signal);
        const decoder = new TextDecoder();
        let text = '';
        const reading = (async () => {
          for await (const chunk of response.body!) {
            text += decoder.decode(chunk, { stream: true });
            if (text.includes(': keep-alive\n\n')) return performance.now();
          }
          throw new Error(`ended: ${text}`);
        })();
        const started = performance.now();
        expect((await within(20_000, reading)) - started).toBeGreaterThan(10_000);
        expect(text).toMatch(/\n\n: keep-alive\n\n$/);
        gone.abort();
      });
      await Promise.all(waits);
    });
  });
});
