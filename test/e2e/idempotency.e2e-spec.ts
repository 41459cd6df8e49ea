import { randomUUID } from 'node:crypto';
import OpenAI from 'openai';
import { Keyed, REPLAY } from '../support/keyed';
import { moved } from '../support/replicas';
import { type TestUser } from '../support/user';

const messages = [{ role: 'user' as const, content: 'Hello big world' }];

describe('Idempotency-Key', () => {
  let keyed: Keyed;
  let alice: TestUser;
  beforeAll(async () => {
    keyed = await Keyed.begin();
    ({ alice } = keyed);
  });
  beforeEach(() => (keyed.replicas.openai.requests.length = 0));
  afterAll(() => keyed.end());

  const header = (key: string) => ({ headers: { 'idempotency-key': key } });
  const meant = ({ headers }: { headers: Headers }) =>
    Object.fromEntries([...headers].filter(([name]) => /^(content-type|x-parley-(?!idem))/.test(name)));

  it('answers a repeat with the stored answer, at any replica, and bills once', async () => {
    const key = randomUUID();
    const body = { message: 'Hello big world', model: 'openai/echo' };
    const first = await keyed.chat(alice, key, body);
    expect([first.status, first.headers.get(REPLAY)]).toEqual([200, null]);

    for (const parley of [keyed.near, keyed.far]) {
      const again = await keyed.chat(moved(alice, parley), key, body);
      expect(again.status).toBe(200);
      expect(again.body).toEqual(first.body);
      expect(meant(again)).toEqual(meant(first));
      expect(again.headers.get(REPLAY)).toBe('true');
    }
    expect(keyed.asked()).toBe(1);
    const { totals } = await alice.usage();
    expect(totals.requests).toBe(1);
  });

  describe('streams', () => {
    const cases: [string, () => Promise<string>, object][] = [
      [
        'of OpenAI’s wire',
        () => Promise.resolve('/v1/chat/completions'),
        { messages, model: 'openai/words-30', stream: true, stream_options: { include_usage: true } },
      ],
      ['of a chat', () => Promise.resolve('/v1/chat/stream'), { message: 'Hi', model: 'openai/reasoning' }],
      [
        'of a conversation',
        async () => `/v1/conversations/${await alice.conversation()}/stream`,
        { content: 'Hi', model: 'openai/words-30' },
      ],
      [
        'of an answer longer than what is written at once',
        () => Promise.resolve('/v1/chat/stream'),
        { message: 'Hi', model: 'openai/big-3' },
      ],
    ];
    it.each(cases)('%s are told again, byte for byte', async (_, path, body) => {
      const [key, route] = [randomUUID(), await path()];
      const first = await keyed.raw(alice, route, body, key);
      const again = await keyed.raw(moved(alice, keyed.far), route, body, key);

      expect(first.text).toMatch(/\[DONE\]\n\n$|event: message\.end\n.*\n\n$/);
      expect(again.text).toBe(first.text);
      expect([again.status, meant(again)]).toEqual([first.status, meant(first)]);
      expect([first.headers.get(REPLAY), again.headers.get(REPLAY)]).toEqual([null, 'true']);
      expect(keyed.asked()).toBe(1);
    });

    it('are kept before their last event leaves', async () => {
      for (const path of ['/v1/chat/stream', '/v1/chat/completions']) {
        const key = randomUUID();
        const body =
          path === '/v1/chat/stream'
            ? { message: 'Hi', model: 'openai/words-5' }
            : { messages, model: 'openai/words-5', stream: true };
        for await (const { data } of alice.events(path, body, header(key))) {
          if (data === '[DONE]' || data.type === 'message.end') break;
        }
        expect(await keyed.kept(key)).toBe(200);
      }
    });

    it.each(['/v1/chat/stream', '/v1/chat/completions'])(
      'of %s that broke are not kept: the repeat runs',
      async (path) => {
        const key = randomUUID();
        const id = randomUUID();
        const model = `openai/${id}~cut-after-2~words-2`;
        const body = path === '/v1/chat/stream' ? { message: 'Hi', model } : { messages, model, stream: true };
        const first = await keyed.raw(alice, path, body, key);
        expect(first.text).toContain('upstream_truncated');
        const again = await keyed.raw(alice, path, body, key);
        expect(again.text).toMatch(/one.*two/s);
        expect([again.headers.get(REPLAY), keyed.asked()]).toEqual([null, 2]);
      },
    );
  });

  it('lets fifty requests with one key at two replicas ask the provider once', async () => {
    const key = randomUUID();
    const body = { message: 'Hello', model: 'openai/late-300-3' };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => keyed.chat(moved(alice, n % 2 ? keyed.near : keyed.far), key, body)),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    for (const { status, headers, body: problem } of refused) {
      expect([status, problem.error.code]).toEqual([409, 'idempotency_request_in_progress']);
      expect(headers.get('x-should-retry')).toBe('false');
    }
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(1);
    expect(keyed.asked()).toBe(1);
    expect((await keyed.chat(alice, key, body)).headers.get(REPLAY)).toBe('true');
  });

  it('refuses another request under the same key, and says not to try again', async () => {
    const key = randomUUID();
    await keyed.chat(alice, key, { message: 'One', model: 'openai/echo' });
    const { status, headers, body } = await keyed.chat(alice, key, { message: 'Two', model: 'openai/echo' });
    expect([status, body.error.code, headers.get('x-should-retry')]).toEqual([
      409,
      'idempotency_key_conflict',
      'false',
    ]);
    expect(keyed.asked()).toBe(1);
  });

  it('is one of its workspace, principal and route', async () => {
    const key = randomUUID();
    const body = { message: 'One', model: 'openai/echo' };
    const bob = await keyed.near.user();
    const withKey = alice.with({ authorization: `Bearer ${await alice.apiKey()}` });
    for (const who of [alice, bob, withKey]) expect((await keyed.chat(who, key, body)).headers.get(REPLAY)).toBeNull();
    expect((await alice.stream('/v1/chat/stream', body, header(key))).length).toBeGreaterThan(1);
    expect(keyed.asked()).toBe(4);
    const [first, second] = [await alice.conversation(), await alice.conversation()];
    for (const id of [first, second, first]) {
      expect(
        (await alice.post(`/v1/conversations/${id}/chat`, { content: 'Hi', model: 'openai/echo' }, header(key))).status,
      ).toBe(200);
    }
    expect(keyed.asked()).toBe(6);
    expect(await alice.messages(first)).toHaveLength(2);
  });

  it('is of a route however that is spelled, and of nothing where there is none', async () => {
    const key = randomUUID();
    const body = { message: 'Spelled', model: 'openai/echo' };
    for (const path of ['/v1/chat', '/v1/chat/', '/V1/Chat'])
      expect((await alice.send('POST', path, body, { 'idempotency-key': key })).status).toBe(200);
    expect(keyed.asked()).toBe(1);
    const nowhere = `/v1/conversations/${'x'.repeat(6_000)}/chat`;
    expect((await alice.post(nowhere, { content: 'Hi' }, header(key))).status).toBe(404);
  });

  it.each([
    ['openai/status-500', 502],
    ['openai/limit-60', 503],
  ])('keeps no failure that may pass: %s', async (model, status) => {
    const key = randomUUID();
    const body = { message: 'Hi', model };
    expect((await keyed.chat(alice, key, body)).status).toBe(status);
    expect(await keyed.kept(key)).toBe('free');
  });

  it('keeps a refusal that will not pass', async () => {
    const key = randomUUID();
    const body = { message: 'Hi', model: 'openai/context-length' };
    const first = await keyed.chat(alice, key, body);
    const again = await keyed.chat(alice, key, body);
    expect([first.status, again.status, again.headers.get(REPLAY)]).toEqual([400, 400, 'true']);
    expect(again.body).toEqual(first.body);
    expect(keyed.asked()).toBe(1);
    const invalid = { nonsense: 1 };
    await keyed.chat(alice, `${key}-2`, invalid);
    expect((await keyed.chat(alice, `${key}-2`, invalid)).headers.get(REPLAY)).toBe('true');
  });

  it('does not run again what was too long to keep', async () => {
    const key = randomUUID();
    const body = { message: 'Hi', model: 'openai/giant-17' };
    expect((await keyed.raw(alice, '/v1/chat/stream', body, key)).text.length).toBeGreaterThan(17 * 1024 * 1024);
    const again = await alice.post('/v1/chat/stream', body, header(key));
    expect([again.status, again.body.error.code]).toEqual([409, 'idempotency_answer_not_kept']);
    expect(again.headers.get('x-should-retry')).toBe('false');
    expect(keyed.asked()).toBe(1);
  });

  it('keeps a batch', async () => {
    const key = randomUUID();
    const body = {
      requests: [
        { message: 'One', model: 'openai/echo' },
        { message: 'Two', model: 'openai/echo' },
      ],
    };
    const first = await alice.post('/v1/chat/batch', body, header(key));
    expect((await alice.post('/v1/chat/batch', body, header(key))).body).toEqual(first.body);
    expect(keyed.asked()).toBe(2);
  });

  it.each(['', 'two words', 'ä', 'x'.repeat(256)])('refuses the key %j', async (key) => {
    const offered = Buffer.from(key).toString('latin1');
    const { status, body } = await keyed.chat(alice, offered, { message: 'Hi' });
    expect([status, body.error?.code, body.error?.param]).toEqual([400, 'validation_failed', 'Idempotency-Key']);
  });

  it("takes the key of OpenAI's SDK", async () => {
    const apiKey = await alice.apiKey();
    const client = new OpenAI({ baseURL: `${keyed.near.url}/v1`, apiKey, maxRetries: 0, logLevel: 'off' });
    Object.assign(client, { idempotencyHeader: 'Idempotency-Key' }); // else its option `idempotencyKey` is not sent
    const idempotencyKey = randomUUID();
    const ask = () => client.chat.completions.create({ model: 'openai/echo', messages }, { idempotencyKey });
    expect(await ask()).toEqual(await ask());
    const stream = { model: 'openai/words-9', messages, stream: true } as const;
    const texts: string[] = [];
    for (let time = 0; time < 2; time++) {
      let text = '';
      for await (const chunk of await client.chat.completions.create(stream, { idempotencyKey: `${idempotencyKey}-2` }))
        text += chunk.choices[0]?.delta.content ?? '';
      texts.push(text);
    }
    expect(texts[1]).toBe(texts[0]);
    expect(keyed.asked()).toBe(2);
  });
});
