import { startParley } from '../support/parley';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const WEATHER = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } };
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** A price makes a name known, and so callable without its provider. */
const YAML = `
models:
  - { id: openai/words-9, price: { input_per_mtok: 1, output_per_mtok: 1 } }
  - { id: openai/words-8, context_window: 1000 }
  - { id: anthropic/words-8, context_window: 1000 }
`;

describe('plain chats', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld({ yaml: YAML, env: { DEFAULT_MODEL: 'openai/words-3' } });
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  const chat = async (body: object) => (await alice.post('/v1/chat', body)).body;
  const inspected = async (body: object) => JSON.parse((await chat({ model: 'openai/inspect', ...body })).content);

  describe('POST /v1/chat', () => {
    it('answers one message', async () => {
      const { status, body, headers } = await alice.post('/v1/chat', {
        message: 'Hello big world',
        model: 'openai/echo',
      });
      expect(status).toBe(200);
      expect(body).toEqual({
        id: expect.stringMatching(UUID7),
        content: 'Hello big world',
        model: 'openai/echo',
        provider: 'openai',
        finish_reason: 'stop',
        usage: { input_tokens: 10, output_tokens: 3, total_tokens: 13, cached_tokens: 0, reasoning_tokens: 0 },
        cost_usd: null,
        unpriced: true,
      });
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-parley-provider': 'openai',
        'x-parley-model': 'openai/echo',
        'x-parley-attempts': '1',
        'x-parley-cache': 'off',
      });
    });

    it('or a whole conversation, with instructions before it', async () => {
      const messages = [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello!' },
        { role: 'user', content: [{ type: 'text', text: 'And now?' }] },
      ];
      expect((await inspected({ messages })).messages).toEqual([
        ...messages.slice(0, 2),
        { role: 'user', content: 'And now?' },
      ]);
      const system = { role: 'system', content: 'Be brief.' };
      expect((await inspected({ messages, system: 'Be brief.' })).messages[0]).toEqual(system);
      expect((await inspected({ message: 'Hi', system: 'Be brief.' })).messages).toEqual([
        system,
        { role: 'user', content: 'Hi' },
      ]);
      const told = await inspected({ message: 'Hi', system: 'Be brief.', model: 'anthropic/inspect' });
      expect(told).toMatchObject({ system: 'Be brief.', messages: [{ role: 'user' }] });
    });

    it('takes pictures and files', async () => {
      const message = [
        { type: 'text', text: 'Read' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,aGVsbG8=' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,aGVsbG8=' } },
      ];
      expect((await inspected({ message })).messages[0].content).toEqual(message);
      const { messages } = await inspected({ message, model: 'anthropic/inspect' });
      expect(messages[0].content.map(({ type }: any) => type)).toEqual(['text', 'image', 'document']);
    });

    it('passes options on, and gives back what the model did', async () => {
      const options = { max_tokens: 9, temperature: 0.5, top_p: 0.9, stop: ['a'], seed: 3, user: 'customer-7' };
      const seen = { max_completion_tokens: 9, temperature: 0.5, top_p: 0.9, stop: ['a'], seed: 3, user: 'customer-7' };
      expect(await inspected({ message: 'Hi', ...options })).toMatchObject(seen);
      const tools = await chat({ message: 'Weather?', model: 'anthropic/tool', tools: [WEATHER] });
      expect(tools).toMatchObject({ content: '', finish_reason: 'tool_calls' });
      expect(tools.tool_calls).toEqual([
        { id: expect.any(String), name: 'get_weather', arguments: '{"city":"Paris"}', server: false },
      ]);
      const thoughts = await chat({ message: 'Hm', model: 'openai/reasoning' });
      expect(thoughts).toMatchObject({ content: 'done', reasoning: 'thinking hard', usage: { reasoning_tokens: 2 } });
      expect(await chat({ message: 'Hi', model: 'openai/length' })).toMatchObject({ finish_reason: 'length' });
    });

    it.each([
      [{}, 'message'],
      [{ message: 'Hi', messages: [{ role: 'user', content: 'Hi' }] }, 'message'],
      [{ messages: [] }, 'messages'],
      [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
      [{ messages: [{ role: 'assistant' }] }, 'messages[0].content'],
      [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
      [{ message: 'Hi', system: 7 }, 'system'],
      [{ message: 'Hi', stream: true }, 'stream'],
      [{ message: 'Hi', n: 2 }, 'n'],
      [{ message: 'Hi', max_tokens: 0 }, 'max_tokens'],
      [{ message: 'Hi', top_p: 1.1 }, 'top_p'],
      [{ message: 'Hi', model: '' }, 'model'],
      [{ message: 'Hi', tools: [{ type: 'function', function: { name: 'with blanks' } }] }, 'tools[0].function.name'],
      [{ message: 'Hi', tool_choice: 'sometimes' }, 'tool_choice'],
      [{ message: 'Hi', response_format: { type: 'xml' } }, 'response_format.type'],
    ])('refuses %j, naming the field', async (body, param) => {
      for (const path of ['/v1/chat', '/v1/chat/stream']) {
        const { status, body: said } = await alice.post(path, body);
        expect([status, said.error.code, said.error.param]).toEqual([400, 'validation_failed', param]);
      }
    });
  });

  it('POST /v1/chat/stream numbers its events and names each twice', async () => {
    const events = await alice.stream('/v1/chat/stream', { message: 'Go', model: 'openai/words-3' });
    expect(events).toEqual([
      {
        id: '1',
        event: 'message.start',
        data: {
          type: 'message.start',
          message_id: expect.stringMatching(UUID7),
          model: 'openai/words-3',
          provider: 'openai',
        },
      },
      { id: '2', event: 'message.delta', data: { type: 'message.delta', text: 'one' } },
      { id: '3', event: 'message.delta', data: { type: 'message.delta', text: ' two' } },
      { id: '4', event: 'message.delta', data: { type: 'message.delta', text: ' three' } },
      {
        id: '5',
        event: 'message.end',
        data: {
          type: 'message.end',
          provider: 'openai',
          model: 'openai/words-3',
          finish_reason: 'stop',
          usage: { input_tokens: 10, output_tokens: 3, total_tokens: 13, cached_tokens: 0, reasoning_tokens: 0 },
          cost_usd: null,
          unpriced: true,
        },
      },
    ]);
  });

  describe('POST /v1/chat/batch', () => {
    it('answers in the order of the requests, each a success or an error of its own', async () => {
      const requests = [
        { message: 'slow', model: 'openai/slow-100-4' },
        { message: 'quick', model: 'openai/echo' },
        { message: 'Hi', temperature: 9 },
        { message: 'Hi', model: 'openai/status-500' },
        { nonsense: true },
        { message: 'Hi', model: 'nobody/nothing' },
        { message: 'last', model: 'anthropic/echo' },
      ];
      const { status, body, headers } = await alice.post('/v1/chat/batch', { requests });
      expect(status).toBe(200);
      const told = body.results.map((one: any) => one.content ?? [one.error.code, one.error.param]);
      expect(told).toEqual([
        'one two three four',
        'quick',
        ['validation_failed', 'temperature'],
        ['provider_failed', null],
        ['validation_failed', 'nonsense'],
        ['model_not_found', 'model'],
        'last',
      ]);
      for (const { error } of body.results.filter((one: any) => one.error)) {
        expect(error).toMatchObject({
          type: expect.stringMatching(/_error$/),
          request_id: headers.get('x-request-id'),
        });
      }
    });

    it('takes a hundred, ten at a time', async () => {
      let most = 0;
      const watch = setInterval(() => (most = Math.max(most, world.openai.open())), 2);
      const requests = Array.from({ length: 100 }, (_, i) => ({ message: `number ${i}`, model: 'openai/slow-10-2' }));
      requests[50] = { message: 'number 50', model: 'openai/echo' };
      const { body } = await alice.post('/v1/chat/batch', { requests });
      clearInterval(watch);
      expect(body.results).toHaveLength(100);
      expect(body.results.filter(({ content }: any) => content === 'one two')).toHaveLength(99);
      expect(body.results[50].content).toBe('number 50');
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(10);
    });

    it.each([
      ['more than a hundred', { requests: Array(101).fill({ message: 'Hi' }) }, 'requests'],
      ['none', { requests: [] }, 'requests'],
      ['what is no list', { requests: 'x' }, 'requests'],
      ['what is no request', { requests: ['x'] }, 'requests[0]'],
      ['nothing', {}, 'requests'],
      ['an unknown field', { requests: [{ message: 'Hi' }], parallel: 3 }, 'parallel'],
    ])('refuses %s', async (_, body, param) => {
      const seen = world.openai.requests.length;
      const { status, body: said } = await alice.post('/v1/chat/batch', body);
      expect([status, said.error.code, said.error.param]).toEqual([400, 'validation_failed', param]);
      expect(world.openai.requests).toHaveLength(seen);
    });
  });

  describe('the model', () => {
    it.each([
      [undefined, 'openai/words-3'], // DEFAULT_MODEL
      ['openai/anything/with/slashes/words-2', 'openai/anything/with/slashes/words-2'],
      ['words-9', 'openai/words-9'],
      ['gpt-4o-mini', 'openai/gpt-4o-mini'],
      ['claude-3-5-haiku-latest', 'anthropic/claude-3-5-haiku-latest'],
      ['echo', 'demo/echo'],
    ])('%p is %s', async (model, called) => {
      expect((await chat({ message: 'Hi', ...(model && { model }) })).model).toBe(called);
    });

    it.each(['openai/naïve-模型', 'openai/two\r\nx-evil: 1', 'openai/ a b ', `openai/${'x'.repeat(249)}`])(
      'may be called anything: %j',
      async (model) => {
        const { status, headers, body } = await alice.post('/v1/chat', { message: 'Hi', model });
        expect([status, body.content, body.model]).toEqual([200, 'Hi', model]);
        expect(headers.has('x-evil')).toBe(false);
        expect(world.openai.requests.at(-1)!.body['model']).toBe(model.slice('openai/'.length));
      },
    );

    it.each([
      ['words-8', /ambiguous.*(anthropic\/words-8.*openai\/words-8|openai\/words-8.*anthropic\/words-8)/],
      ['nobody/nothing', /no model 'nobody\/nothing'.*GET \/v1\/models/],
      ['nothing', /no model 'nothing'/],
      ['demo/nothing', /no model 'demo\/nothing'/],
      ['openai/', /no model 'openai\/'/],
      ['/echo', /no model '\/echo'/],
      ['openrouter/auto', /OPENROUTER_API_KEY/],
    ])('%p is none, and the answer says what to do', async (model, says) => {
      const { error } = await chat({ message: 'Hi', model });
      expect(error).toMatchObject({ type: 'invalid_request_error', code: 'model_not_found', param: 'model' });
      expect(error.message).toMatch(says);
    });
  });

  describe('with no key of any provider', () => {
    it('has its demo models, free of charge', async () => {
      const demo = await startParley();
      try {
        const bob = await demo.user();
        const say = async (body: object) => (await bob.post('/v1/chat', body)).body;
        const free = { provider: 'demo', cost_usd: '0.000000', unpriced: false };
        expect(await say({ message: 'Hello, Parley' })).toMatchObject({
          content: 'Hello, Parley',
          model: 'demo/echo',
          ...free,
        });
        const lorem = await say({ message: 'lorem 5', model: 'demo/lorem' });
        expect(lorem).toMatchObject({ content: 'lorem ipsum dolor sit amet', usage: { output_tokens: 5 }, ...free });
        expect(await say({ message: 'a b c', max_tokens: 2 })).toMatchObject({
          content: 'a b',
          finish_reason: 'length',
        });
        expect((await say({ message: 'a STOP b', stop: 'STOP' })).content).toBe('a ');
        const call = await say({ message: 'call get_weather {"city":"Paris"}', tools: [WEATHER] });
        expect(call).toMatchObject({ finish_reason: 'tool_calls', tool_calls: [{ arguments: '{"city":"Paris"}' }] });
        const events = await bob.stream('/v1/chat/stream', { message: 'lorem 3', model: 'demo/lorem' });
        expect(events.map(({ data }) => data.text ?? '').join('')).toBe('lorem ipsum dolor');

        const ids = (await bob.get('/v1/models')).body.data.map(({ id }: any) => id);
        expect(ids.sort()).toEqual(['demo/echo', 'demo/extract', 'demo/lorem', 'local/hash-384']);
        for (const provider of ['openai', 'anthropic', 'openrouter']) {
          const { error } = await say({ message: 'Hi', model: `${provider}/some-model` });
          expect([error.code, error.message]).toEqual([
            'model_not_found',
            expect.stringContaining(`${provider.toUpperCase()}_API_KEY`),
          ]);
        }
      } finally {
        await demo.stop();
      }
    });

    it('or not even those, where they are switched off', async () => {
      const bare = await startParley({ yaml: 'demo: false\n' });
      try {
        const bob = await bare.user();
        const { data } = (await bob.get('/v1/models')).body;
        expect(data.map(({ id }: { id: string }) => id)).toEqual(['local/hash-384']); // which writes nothing
        expect((await bob.post('/v1/chat', { message: 'Hi' })).body.error).toMatchObject({ code: 'model_not_found' });
      } finally {
        await bare.stop();
      }
    });
  });
});
