import OpenAI from 'openai';
import { type TestUser } from '../support/user';
import { sdk, startWorld, type World } from '../support/world';

const messages = [{ role: 'user' as const, content: 'Hello big world' }];
const COMPLETIONS = '/v1/chat/completions';

describe('/v1/chat/completions, byte by byte', () => {
  let world: World;
  let alice: TestUser;
  let client: OpenAI;
  beforeAll(async () => {
    world = await startWorld();
    alice = await world.parley.user();
    client = await sdk(alice);
  });
  afterAll(() => world.stop());

  /** The blocks of a stream as they came over the socket. */
  const blocks = async (body: object): Promise<string[]> => {
    const response = await alice.send('POST', COMPLETIONS, { messages, stream: true, ...body }, {});
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    const text = await response.text();
    expect(text.endsWith('\n\n')).toBe(true);
    return text.slice(0, -2).split('\n\n');
  };
  const chunksOf = (sent: string[]) =>
    sent.map((block) => JSON.parse(block.replace(/^data: /, '')) as OpenAI.ChatCompletionChunk);

  describe.each([['openai/words-3'], ['anthropic/words-3'], ['demo/echo']])('a stream of %s', (model) => {
    it('is the role, the deltas, an empty delta with the reason, and [DONE]', async () => {
      const sent = await blocks({ model });
      expect(sent.every((block) => /^data: [^\n]+$/.test(block))).toBe(true);
      expect(sent.pop()).toBe('data: [DONE]');
      const chunks = chunksOf(sent);
      const [{ id, created }] = chunks as [OpenAI.ChatCompletionChunk];
      expect(id).toMatch(/^chatcmpl-/);
      const choice = (delta: object, finish_reason: string | null) => ({
        id,
        object: 'chat.completion.chunk',
        created,
        model,
        choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      });
      const words = model === 'demo/echo' ? ['Hello', ' big', ' world'] : ['one', ' two', ' three'];
      expect(chunks).toEqual([
        choice({ role: 'assistant', content: '', refusal: null }, null),
        ...words.map((content) => choice({ content }, null)),
        choice({}, 'stop'),
      ]);
    });

    it('has one more chunk with the usage when asked, and `usage: null` in the others', async () => {
      const sent = await blocks({ model, stream_options: { include_usage: true } });
      expect(sent.pop()).toBe('data: [DONE]');
      const chunks = chunksOf(sent);
      const last = chunks.pop();
      expect(last).toMatchObject({ id: chunks[0]!.id, choices: [], usage: { completion_tokens: 3 } });
      expect(chunks.map(({ usage }) => usage)).toEqual(Array(chunks.length).fill(null));
    });
  });

  it('tells a failure in the middle as an error, without [DONE]', async () => {
    const sent = await blocks({ model: 'openai/cut-after-2' });
    const failure = JSON.parse(sent.pop()!.replace(/^data: /, ''));
    expect(failure).toEqual({
      error: {
        type: 'upstream_error',
        code: 'upstream_truncated',
        message: expect.stringContaining('openai'),
        param: null,
        request_id: expect.any(String),
        details: [],
      },
    });
    expect(sent.join('')).not.toContain('[DONE]');
    expect(chunksOf(sent).map(({ choices }) => choices[0]!.finish_reason)).toEqual([null, null, null]);
  });

  it('makes the SDK throw in the middle of a stream', async () => {
    const stream = await client.chat.completions.create({ model: 'anthropic/error-after-2', messages, stream: true });
    let text = '';
    const reading = (async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toBeInstanceOf(OpenAI.APIError);
    await expect(reading).rejects.toMatchObject({ code: 'provider_overloaded', type: 'upstream_error' });
    expect(text).toBe('one two');
  });

  it('keeps every kind of text whole', async () => {
    const content = 'Ünïcödé 👩‍👩‍👧 "quotes" \\ back\nlines\r\n\ttabs \u2028 data: [DONE]\n\ndata: {} </script> 漢字';
    const body = { model: 'openai/echo', messages: [{ role: 'user' as const, content }] };
    expect((await client.chat.completions.create(body)).choices[0]!.message.content).toBe(content);
    expect(await client.chat.completions.stream(body).finalContent()).toBe(content);
    expect((await client.chat.completions.create({ ...body, model: 'demo/echo' })).choices[0]!.message.content).toBe(
      content,
    );
  });

  describe('models', () => {
    it('are listed, with what is known of them', async () => {
      const models: any[] = [];
      for await (const model of client.models.list()) models.push(model);
      const ids = models.map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining(['demo/echo', 'demo/lorem', 'openai/gpt-4o-mini']));
      expect(new Set(ids).size).toBe(ids.length);
      // Nobody gave a key of OpenRouter.
      expect(new Set(models.map(({ provider }) => provider))).toEqual(
        new Set(['openai', 'anthropic', 'demo', 'local']),
      );
      expect(models.find(({ id }) => id === 'openai/gpt-4o-mini')).toEqual({
        id: 'openai/gpt-4o-mini',
        object: 'model',
        created: expect.any(Number),
        owned_by: 'openai',
        provider: 'openai',
        context_window: 128_000,
        max_output_tokens: 16_384,
        dimensions: null,
        pricing: { input_per_mtok: '0.15', output_per_mtok: '0.60', cached_input_per_mtok: '0.075' },
        capabilities: ['vision', 'tools', 'json_schema'],
      });
    });

    it.each(['demo/echo', 'openai/gpt-4o-mini', 'gpt-4o-mini'])('are found by id: %s', async (id) => {
      const model = await client.models.retrieve(id);
      expect(model.id).toBe(id.includes('/') ? id : `openai/${id}`);
      expect((await alice.get(`/v1/models/${id}`)).body).toEqual({ ...model }); // also with the slash as it is
    });

    it.each(['demo/none', 'nobody/nothing', 'nothing', 'openai/', 'openrouter/auto'])(
      'are not found: %s',
      async (id) => {
        await expect(client.models.retrieve(id)).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
      },
    );
  });

  describe('failures, as the SDK types them', () => {
    const ask = (model: string, body: object = {}) => client.chat.completions.create({ model, messages, ...body });

    it.each([
      ['BadRequestError', 400, 'model_not_found', 'model', () => ask('nobody/nothing')],
      ['BadRequestError', 400, 'model_not_found', 'model', () => ask('openrouter/auto')],
      ['BadRequestError', 400, 'context_length_exceeded', 'messages', () => ask('openai/context-length')],
      ['BadRequestError', 400, 'validation_failed', 'temperature', () => ask('openai/echo', { temperature: 3 })],
      ['BadRequestError', 400, 'validation_failed', 'messages', () => ask('openai/echo', { messages: [] })],
      ['BadRequestError', 400, 'validation_failed', 'messages[0].role', () => ask('demo/echo', { messages: [{}] })],
      ['NotFoundError', 404, 'model_not_found', 'model', () => client.models.retrieve('demo/none')],
      ['InternalServerError', 502, 'provider_failed', null, () => ask('openai/status-500')],
      ['InternalServerError', 502, 'upstream_credentials_rejected', null, () => ask('openai/status-401')],
      ['InternalServerError', 503, 'provider_overloaded', null, () => ask('anthropic/status-529')],
      ['InternalServerError', 504, 'upstream_timeout', null, () => ask('openai/hang', { timeout_ms: 50 })],
    ])('%s: %i %s', async (name, status, code, param, run) => {
      const error = await Promise.resolve(run()).catch(
        (thrown: unknown) => thrown as InstanceType<typeof OpenAI.APIError>,
      );
      expect(error).toBeInstanceOf(OpenAI[name as 'APIError']);
      expect(error).toMatchObject({ status, code, param, type: expect.stringMatching(/_error$/) });
      const { requestID, error: body } = error as { requestID: string; error: any };
      expect(body).toMatchObject({ request_id: requestID, message: expect.any(String) });
    });

    it('AuthenticationError, PermissionDeniedError', async () => {
      const wrong = await sdk(alice, { apiKey: 'parley_0123456789abcdef' });
      const asked = wrong.chat.completions.create({ model: 'demo/echo', messages });
      await expect(asked).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
      await expect(asked).rejects.toMatchObject({ code: 'invalid_api_key', type: 'authentication_error' });
      const narrow = await sdk(alice, { apiKey: await alice.apiKey({ scopes: ['usage:read'] }) });
      const forbidden = narrow.chat.completions.create({ model: 'demo/echo', messages });
      await expect(forbidden).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
      await expect(forbidden).rejects.toMatchObject({ code: 'insufficient_scope' });
    });

    it('lists every bad field', async () => {
      const { status, body } = await alice.post(COMPLETIONS, { model: 7, messages: 'x', n: 0, temperature: 'hot' });
      expect(status).toBe(400);
      expect(body.error.details.map(({ field }: { field: string }) => field).sort()).toEqual([
        'messages',
        'model',
        'n',
        'temperature',
      ]);
    });
  });
});
