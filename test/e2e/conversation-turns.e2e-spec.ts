import { type TestUser } from '../support/user';
import { until, within } from '../support/until';
import { startWorld, type World } from '../support/world';

const at = (id: string, more: string) => `/v1/conversations/${id}${more}`;
const WEATHER = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }];

describe('turns of a conversation', () => {
  let world: World;
  let alice: TestUser;
  let id: string;
  beforeAll(async () => {
    world = await startWorld();
    alice = await world.parley.user();
  });
  beforeEach(async () => (id = await alice.conversation({ model: 'openai/echo' })));
  afterAll(() => world.stop());

  const chat = (body: object) => alice.post(at(id, '/chat'), body);
  /** What the model is told in the next turn. */
  const told = async (content = 'Inspect', provider = 'openai'): Promise<any> =>
    JSON.parse((await chat({ content, model: `${provider}/inspect` })).body.message.content);

  it('answers with the stored message, what it used and what it cost', async () => {
    const { status, body, headers } = await chat({ content: 'Hello big world' });
    expect(status).toBe(200);
    const [question, answer] = await alice.messages(id);
    expect(body).toEqual({
      conversation_id: id,
      message: answer,
      finish_reason: 'stop',
      usage: { input_tokens: 10, output_tokens: 3, total_tokens: 13, cached_tokens: 0, reasoning_tokens: 0 },
      cost_usd: null,
      unpriced: true,
    });
    expect(question).toMatchObject({
      role: 'user',
      parent_id: null,
      content: 'Hello big world',
      status: 'complete',
      usage: null,
    });
    expect(answer).toMatchObject({
      role: 'assistant',
      parent_id: question.id,
      content: 'Hello big world',
      status: 'complete',
      model: 'openai/echo',
      provider: 'openai',
      finish_reason: 'stop',
      latency_ms: expect.any(Number),
      citations: [],
      tool_calls: [],
    });
    expect(answer).not.toHaveProperty('error');
    expect(headers.get('x-parley-model')).toBe('openai/echo');
    const priced = await chat({ content: 'Hi', model: 'demo/echo' });
    expect(priced.headers.get('x-parley-cost-usd')).toBe('0.000000');
    expect(priced.body).toMatchObject({ cost_usd: '0.000000', unpriced: false });
  });

  it.each(['openai', 'anthropic'])('tells %s everything said so far, in order', async (provider) => {
    await alice.patch(at(id, ''), { system_prompt: 'Be brief.' });
    const said = Array.from({ length: 10 }, (_, i) => `question number ${i}`);
    for (const content of said) expect((await chat({ content, model: `${provider}/echo` })).status).toBe(200);
    const { messages, system } = await told('And now?', provider);
    const history = [...said.flatMap((text) => [`user: ${text}`, `assistant: ${text}`]), 'user: And now?'];
    const textOf = (content: any) => (typeof content === 'string' ? content : content[0].text);
    const seen = messages.map(({ role, content }: any) => `${role}: ${textOf(content)}`);
    expect(seen).toEqual(provider === 'openai' ? ['system: Be brief.', ...history] : history);
    if (provider === 'anthropic') expect(system).toBe('Be brief.');
    const stored = await alice.messages(id);
    expect(stored).toHaveLength(22);
    expect(stored.slice(0, 20).map(({ role, content }) => `${role}: ${content}`)).toEqual(history.slice(0, 20));
  });

  it('calls another model for one turn, without changing the conversation', async () => {
    expect((await chat({ content: 'Hi', model: 'anthropic/words-2' })).body.message).toMatchObject({
      content: 'one two',
      model: 'anthropic/words-2',
    });
    expect((await chat({ content: 'Hi' })).body.message.model).toBe('openai/echo');
    expect((await alice.get(at(id, ''))).body.model).toBe('openai/echo');
    await alice.patch(at(id, ''), { model: null });
    expect((await chat({ content: 'Hi' })).body.message.model).toBe('demo/echo'); // the default one
  });

  it('passes the options of one turn on', async () => {
    const options = { max_tokens: 50, temperature: 0.5, stop: 'END', user: 'customer-7', seed: 1 };
    const { body } = await chat({ content: 'Hi', model: 'openai/inspect', ...options });
    expect(JSON.parse(body.message.content)).toMatchObject({
      max_completion_tokens: 50,
      temperature: 0.5,
      stop: ['END'],
      user: 'customer-7',
      seed: 1,
    });
  });

  it('takes pictures, and gives them back as they were sent', async () => {
    const content = [
      { type: 'text', text: 'Look' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,aGVsbG8=', detail: 'low' } },
      { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
    ];
    expect((await chat({ content })).status).toBe(200);
    const [question] = await alice.messages(id);
    expect(question.content).toEqual(content);
    expect((await told()).messages[0].content).toEqual(content); // and in every turn after
  });

  it.each(['openai', 'anthropic'])('runs tools over several turns (%s)', async (provider) => {
    const asked = await chat({ content: 'Weather?', model: `${provider}/tools-2`, tools: WEATHER });
    expect(asked.body).toMatchObject({ finish_reason: 'tool_calls', message: { content: '', status: 'complete' } });
    const calls = asked.body.message.tool_calls;
    expect(calls).toMatchObject([
      { name: 'get_weather', arguments: '{"city":"Paris"}' },
      { name: 'get_weather', arguments: '{"city":"Rome"}' },
    ]);
    const strays = await chat({ tool_results: [{ tool_call_id: 'call_unknown', content: 'rain' }] });
    expect([strays.status, strays.body.error.param]).toEqual([400, 'tool_results[0].tool_call_id']);
    const tool_results = [
      { tool_call_id: calls[0].id, content: 'rain' },
      { tool_call_id: calls[1].id, content: 'sun', is_error: true },
    ];
    const answered = await chat({ tool_results, model: `${provider}/tools-2`, tools: WEATHER });
    expect(answered.body.message).toMatchObject({ content: 'It is rain and sun.' });
    const stored = await alice.messages(id);
    expect(stored.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(stored[2].content).toEqual([
      { type: 'tool_result', tool_call_id: calls[0].id, content: 'rain' },
      { type: 'tool_result', tool_call_id: calls[1].id, content: 'sun', is_error: true },
    ]);
    const history = JSON.stringify((await told('Thanks', provider)).messages);
    for (const part of ['Paris', 'Rome', 'rain', 'sun', calls[0].id]) expect(history).toContain(part);
    const late = await chat({ tool_results }); // long answered
    expect(late.status).toBe(400);
  });

  it('leaves out calls of tools nobody answered', async () => {
    const asked = await chat({ content: 'Weather?', model: 'openai/tools-2', tools: WEATHER });
    const [paris, rome] = asked.body.message.tool_calls;
    expect((await told('Never mind')).messages).toEqual([
      { role: 'user', content: 'Weather?' },
      { role: 'user', content: 'Never mind' },
    ]);
    id = await alice.conversation();
    await chat({ content: 'Weather?', model: 'openai/tools-2', tools: WEATHER });
    const tool_results = [{ tool_call_id: paris.id, content: 'rain' }];
    const { body } = await chat({ tool_results, model: 'openai/inspect', tools: WEATHER });
    const { messages } = JSON.parse(body.message.content);
    expect(messages.map(({ role }: any) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(messages[1].tool_calls.map((call: any) => call.id)).toEqual([paris.id]);
    expect(JSON.stringify(messages)).not.toContain(rome.id);
  });

  it('lets one of several turns at once through, and tells the others to wait', async () => {
    const turns = Array.from({ length: 6 }, (_, i) => chat({ content: `turn ${i}`, model: 'openai/slow-100-4' }));
    const answers = await Promise.all(turns);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    for (const { status, body, headers } of answers.filter((answer) => answer.status === 409)) {
      expect([status, body.error.code]).toEqual([409, 'turn_in_progress']);
      expect(headers.get('x-should-retry')).toBe('false');
    }
    const stored = await alice.messages(id);
    expect(stored.map(({ role, status }) => [role, status])).toEqual([
      ['user', 'complete'],
      ['assistant', 'complete'],
    ]);
    expect((await chat({ content: 'next' })).status).toBe(200);
    const another = await alice.conversation();
    const [here, there] = await Promise.all([
      chat({ content: 'Hi', model: 'openai/slow-50-3' }),
      alice.post(at(another, '/chat'), { content: 'Hi', model: 'openai/slow-50-3' }),
    ]);
    expect([here.status, there.status]).toEqual([200, 200]);
  });

  it.each([
    [{ content: 'Hi', model: 'anthropic/echo', seed: 1 }, 'unsupported_parameter', 'seed'],
    [{ content: 'Hi', model: 'anthropic/echo', stop: ' ' }, 'unsupported_parameter', 'stop'],
    [{ content: 'Hi', model: 'demo/echo', reasoning_effort: 'low' }, 'unsupported_parameter', 'reasoning_effort'],
    [
      {
        content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }],
        model: 'openai/gpt-3.5-turbo',
      },
      'unsupported_parameter',
      'messages[0].content',
    ],
    [{ content: 'Hi', model: 'demo/none' }, 'model_not_found', 'model'],
    [{ content: 'Hi', n: 2 }, 'validation_failed', 'n'],
    [{ content: 'Hi', messages: [] }, 'validation_failed', 'messages'],
    [{ content: 'Hi', tool_results: [{ tool_call_id: 'x', content: '' }] }, 'validation_failed', 'content'],
    [{}, 'validation_failed', 'content'],
    [{ content: 7 }, 'validation_failed', 'content'],
    [
      { content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] },
      'validation_failed',
      'content[0].image_url.url',
    ],
  ])('stores nothing of a turn that cannot be asked: %j', async (body, code, param) => {
    for (const path of ['/chat', '/stream']) {
      const answer = await alice.post(at(id, path), body);
      expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([400, code, param]);
    }
    expect(await alice.messages(id)).toEqual([]);
    expect((await chat({ content: 'Hi' })).status).toBe(200);
  });

  it('lists question and answer from the start, and what has been said so far while it runs', async () => {
    const gone = new AbortController();
    const body = { content: 'Go', model: 'openai/hang-after-3', on_disconnect: 'cancel' };
    const events = alice.events(at(id, '/stream'), body, { signal: gone.signal });
    const start = (await events.next()).value;
    const listed = await alice.messages(id);
    expect(listed).toMatchObject([
      { role: 'user', content: 'Go', status: 'complete' },
      { id: start.data.message_id, role: 'assistant', status: 'running', finish_reason: null },
    ]);
    const running = () => alice.messages(id).then(([, answer]) => answer);
    await until(running, ({ status, content }) => status === 'running' && content === 'one two three');
    expect((await alice.get(at(id, ''))).body.messages).toHaveLength(2);
    expect((await chat({ content: 'Me too' })).body.error.code).toBe('turn_in_progress');
    gone.abort();
    const left = await until(running, ({ status }) => status !== 'running');
    expect(left).toMatchObject({
      status: 'cancelled',
      content: 'one two three',
      finish_reason: 'cancelled',
      error: { code: 'client_closed' },
    });
    expect((await told()).messages).toEqual([
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: 'one two three' },
      { role: 'user', content: 'Inspect' },
    ]);
  });

  it('lists a question before a silent model has said anything', async () => {
    const gone = new AbortController();
    const body = { content: 'Go', model: 'openai/hang', on_disconnect: 'cancel' };
    const asked = alice.send('POST', at(id, '/chat'), body, {}, gone.signal);
    asked.catch(() => undefined);
    const listed = await until(
      () => alice.messages(id),
      (messages) => messages.length > 0,
    );
    expect(listed).toMatchObject([{ role: 'user' }, { role: 'assistant', status: 'running', content: '' }]);
    gone.abort();
    await until(
      () => alice.messages(id),
      ([, answer]) => answer.status === 'cancelled',
    );
  });

  it('has stored how it ended before anyone is told', async () => {
    for (const [script, status] of [
      ['words-3', 'complete'],
      ['cut-after-2', 'partial'],
      ['slow-5-3', 'complete'],
      ['error-after-1', 'partial'],
    ]) {
      const events = alice.events(at(id, '/stream'), { content: 'Go', model: `openai/${script}` });
      for await (const { event } of events) {
        if (event !== 'message.end' && event !== 'error') continue;
        expect((await alice.messages(id)).at(-1)).toMatchObject({ role: 'assistant', status });
        break;
      }
    }
    const failed = await chat({ content: 'Go', model: 'openai/status-500' });
    expect(failed.status).toBe(502);
    expect((await alice.messages(id)).at(-1)).toMatchObject({ status: 'failed', error: { code: 'provider_failed' } });
    const refused = await chat({ content: 'And?', model: 'openai/status-500', fallbacks: ['openai/status-401'] });
    expect([refused.status, refused.body.error.code]).toEqual([502, 'all_providers_failed']);
    expect((await alice.messages(id)).slice(-2)).toMatchObject([
      { role: 'user', content: 'And?', status: 'complete' },
      { role: 'assistant', status: 'failed', error: { code: 'all_providers_failed' } },
    ]);
  });

  it('can be deleted in the middle of an answer, which ends it', async () => {
    const turn = alice.stream(at(id, '/stream'), { content: 'Go', model: 'openai/hang-after-2' });
    await until(
      () => alice.messages(id),
      (messages) => messages.length > 0,
    );
    expect((await alice.delete(at(id, ''))).status).toBe(204);
    const { event, data } = (await within(5000, turn)).at(-1)!;
    expect([event, data.finish_reason]).toEqual(['message.end', 'cancelled']);
    expect((await alice.get(at(id, ''))).status).toBe(404);
  });
});
