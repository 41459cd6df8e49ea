import type OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { type TestUser } from '../support/user';
import { sdk, startWorld, type World } from '../support/world';

type Body = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model' | 'messages'>;
type Messages = OpenAI.ChatCompletionMessageParam[];

const said = (content: string): Messages => [{ role: 'user', content }];
const HELLO = said('Hello big world');

/** What people do with the official `openai` package when its base URL is Parley's. */
describe('the official OpenAI SDK', () => {
  let world: World;
  let alice: TestUser;
  let client: OpenAI;
  beforeAll(async () => {
    world = await startWorld();
    alice = await world.parley.user();
    client = await sdk(alice);
  });
  afterAll(() => world.stop());

  const create = (model: string, body: Body = {}, messages = HELLO) =>
    client.chat.completions.create({ model, messages, ...body });
  /** The body the provider behind Parley received. */
  const received = async (provider: string, body: object = {}, messages = HELLO): Promise<any> =>
    JSON.parse((await create(`${provider}/inspect`, body, messages)).choices[0]!.message.content!);

  describe.each(['openai', 'anthropic'])('with %s behind it', (provider) => {
    it('answers', async () => {
      const { data, response } = await create(`${provider}/echo`).withResponse();
      expect(data).toEqual({
        id: expect.stringMatching(/^chatcmpl-[\w-]+$/),
        object: 'chat.completion',
        created: expect.closeTo(Date.now() / 1000, -2),
        model: `${provider}/echo`,
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'Hello big world', refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage: {
          prompt_tokens: 10,
          completion_tokens: 3,
          total_tokens: 13,
          prompt_tokens_details: { cached_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 0 },
        },
      });
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-parley-provider': provider,
        'x-parley-model': `${provider}/echo`,
        'x-parley-attempts': '1',
        'x-parley-cache': 'off',
      });
    });

    it('streams, with usage when asked', async () => {
      const stream = client.chat.completions.stream({
        model: `${provider}/words-4`,
        messages: HELLO,
        stream_options: { include_usage: true },
      });
      const deltas: string[] = [];
      stream.on('content', (delta) => deltas.push(delta));
      const { choices, usage } = await stream.finalChatCompletion();
      expect(deltas).toEqual(['one', ' two', ' three', ' four']);
      expect(choices).toMatchObject([{ finish_reason: 'stop', message: { content: 'one two three four' } }]);
      expect(usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 });
    });

    it.each([
      ['length', 'length', 'one two three four five'],
      ['filtered', 'content_filter', 'one two'],
    ])('tells why it stopped: %s', async (script, finish_reason, content) => {
      const model = `${provider}/${script}`;
      const expected = { finish_reason, message: { content: expect.stringContaining(content) } };
      expect((await create(model)).choices[0]).toMatchObject(expected);
      // The SDK's stream helper throws for such an end, which is how its callers notice.
      const stream = await client.chat.completions.create({ model, messages: HELLO, stream: true });
      const reasons: (string | null)[] = [];
      for await (const { choices } of stream) reasons.push(choices[0]!.finish_reason);
      expect(reasons.filter(Boolean)).toEqual([finish_reason]);
    });

    it.each([false, true])('runs tools, one and several at once (stream: %s)', async (stream) => {
      const asked: string[] = [];
      const getWeather = {
        type: 'function' as const,
        function: {
          name: 'get_weather',
          description: 'The weather of a city',
          parse: JSON.parse as (text: string) => { city: string },
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          function: ({ city }: { city: string }) => {
            asked.push(city);
            return city === 'Paris' ? 'rain' : 'sun';
          },
        },
      };
      for (const [script, answer] of [
        ['tool', 'It is rain.'],
        ['tools-2', 'It is rain and sun.'],
      ]) {
        const body = { model: `${provider}/${script}`, messages: said('Weather?'), tools: [getWeather] };
        const runner = stream
          ? client.chat.completions.runTools({ ...body, stream: true as const })
          : client.chat.completions.runTools(body);
        expect(await runner.finalContent()).toBe(answer);
      }
      expect(asked).toEqual(['Paris', 'Paris', 'Rome']);
    });

    it('shows the calls of tools as they are written', async () => {
      const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: {} } }];
      const model = `${provider}/tools-2`;
      const { choices } = await create(model, { tools });
      expect(choices).toMatchObject([{ finish_reason: 'tool_calls', message: { content: null } }]);
      const calls = choices[0]!.message.tool_calls!;
      expect(calls).toMatchObject([
        { type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
        { type: 'function', function: { name: 'get_weather', arguments: '{"city":"Rome"}' } },
      ]);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2);

      const stream = await client.chat.completions.create({ model, messages: HELLO, tools, stream: true });
      const pieces: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall[] = [];
      for await (const { choices } of stream) pieces.push(...(choices[0]!.delta.tool_calls ?? []));
      for (const index of [0, 1]) {
        const [first, ...rest] = pieces.filter((piece) => piece.index === index);
        expect(first).toMatchObject({ type: 'function', id: expect.any(String), function: { name: 'get_weather' } });
        expect(rest.length).toBeGreaterThan(1);
        for (const piece of rest) expect(piece).toEqual({ index, function: { arguments: expect.any(String) } });
      }
    });

    it('answers in JSON, of any shape and of a given one', async () => {
      const format = zodResponseFormat(z.object({ answer: z.number() }), 'sum');
      const body = { model: `${provider}/json`, messages: said('6 × 7?'), response_format: format };
      expect((await client.chat.completions.parse(body)).choices[0]!.message.parsed).toEqual({ answer: 42 });
      const streamed = await client.chat.completions.stream(body).finalChatCompletion();
      expect(streamed.choices[0]!.message.parsed).toEqual({ answer: 42 });
      const { choices } = await create(`${provider}/json`, { response_format: { type: 'json_object' } });
      expect(choices).toMatchObject([{ finish_reason: 'stop', message: { content: '{"answer":42}' } }]);
    });

    it('shows reasoning, and takes it back with the answer', async () => {
      const { choices } = await create(`${provider}/reasoning`);
      const { message } = choices[0]!;
      expect(message).toMatchObject({ content: 'done', reasoning_content: 'thinking hard' });
      const stream = await client.chat.completions.create({
        model: `${provider}/reasoning`,
        messages: HELLO,
        stream: true,
      });
      const deltas: any[] = [];
      for await (const { choices } of stream) deltas.push(choices[0]!.delta);
      expect(deltas.flatMap(({ reasoning_content }) => reasoning_content ?? []).join('')).toBe('thinking hard');
      expect(deltas.flatMap(({ content }) => content ?? []).join('')).toBe('done');

      const { messages } = await received(provider, {}, [...HELLO, message, ...said('And then?')]);
      expect(messages).toHaveLength(3);
      expect(JSON.stringify(messages[1])).toContain('done');
      // Anthropic wants its own thoughts back, with the signature that proves them; OpenAI wants none.
      if (provider === 'anthropic') {
        const thinking = { type: 'thinking', thinking: 'thinking hard', signature: expect.stringMatching(/^\S+$/) };
        expect(messages[1].content[0]).toEqual(thinking);
      } else expect(messages[1]).toEqual({ role: 'assistant', content: 'done' });
    });
  });

  it('sends pictures, by their address and by their bytes', async () => {
    const [url, base64] = ['https://example.com/cat.png', 'aGVsbG8='];
    const image = (source: string) => ({ type: 'image_url' as const, image_url: { url: source } });
    const content = [
      { type: 'text' as const, text: 'Look' },
      image(url),
      image(`data:image/png;base64,${base64}`),
    ] satisfies OpenAI.ChatCompletionContentPart[];
    const [question] = (await received('openai', {}, [{ role: 'user', content }])).messages;
    expect(question).toEqual({ role: 'user', content });
    const { messages } = await received('anthropic', {}, [{ role: 'user', content }]);
    expect(messages[0].content).toEqual([
      { type: 'text', text: 'Look' },
      { type: 'image', source: { type: 'url', url } },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64 } },
    ]);
  });

  it('keeps the instructions first, whoever gives them', async () => {
    const messages: Messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: 'Speak French.' },
      ...HELLO,
    ];
    expect((await received('openai', {}, messages)).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Speak French.' },
      ...HELLO,
    ]);
    const { system, messages: turns } = await received('anthropic', {}, messages);
    expect(system).toBe('Be brief.\n\nSpeak French.');
    expect(turns).toHaveLength(1);
  });

  it.each([
    [{ stop: 'END' }, { stop: ['END'] }, { stop_sequences: ['END'] }],
    [{ stop: ['a', 'b'] }, { stop: ['a', 'b'] }, { stop_sequences: ['a', 'b'] }],
    [{ max_tokens: 7 }, { max_completion_tokens: 7 }, { max_tokens: 7 }],
    [{ max_completion_tokens: 9 }, { max_completion_tokens: 9 }, { max_tokens: 9 }],
    [{ temperature: 0.5 }, { temperature: 0.5 }, { temperature: 0.5 }],
    [{ temperature: 0 }, { temperature: 0 }, { temperature: 0 }],
    [{ top_p: 0.5 }, { top_p: 0.5 }, { top_p: 0.5 }],
    [{ user: 'customer-7' }, { user: 'customer-7' }, { metadata: { user_id: 'customer-7' } }],
    [{ reasoning_effort: 'low' }, { reasoning_effort: 'low' }, { output_config: { effort: 'low' } }],
  ])('sends %j in the words of each provider', async (body, openai, anthropic) => {
    expect(await received('openai', body)).toMatchObject(openai);
    expect(await received('anthropic', body)).toMatchObject(anthropic);
  });

  it.each([
    ['seed', 42],
    ['logprobs', true],
    ['top_logprobs', 3],
    ['logit_bias', { 50256: -100 }],
    ['presence_penalty', 0.5],
    ['frequency_penalty', -0.5],
    ['service_tier', 'flex'],
    ['store', true],
    ['metadata', { ticket: '7' }],
    ['prediction', { type: 'content', content: 'x' }],
    ['verbosity', 'low'],
    ['web_search_options', {}],
    ['a_field_of_tomorrow', { deep: [1] }],
  ])('passes %s on to OpenAI, and says that Anthropic has none', async (field, value) => {
    expect(await received('openai', { [field]: value })).toMatchObject({ [field]: value });
    const seen = world.anthropic.requests.length;
    const refused = create('anthropic/inspect', { [field]: value });
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param: field });
    expect(world.anthropic.requests).toHaveLength(seen);
  });

  it('gives several answers where the provider can', async () => {
    const { choices, usage } = await create('openai/words-2', { n: 3 });
    expect(choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'one two'],
      [1, 'one two'],
      [2, 'one two'],
    ]);
    expect(usage).toMatchObject({ completion_tokens: 6 });
    const body = { model: 'openai/words-2', messages: HELLO, n: 2 };
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices).toMatchObject([{ message: { content: 'one two' } }, { message: { content: 'one two' } }]);
    for (const model of ['anthropic/words-2', 'demo/echo']) {
      const refused = create(model, { n: 2 });
      await expect(refused).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'n' });
      expect((await create(model, { n: 1 })).choices).toHaveLength(1);
    }
  });
});
