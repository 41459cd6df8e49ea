import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type Upstream, startUpstream } from '../support/upstreams/upstream';

/** The fakes are believed because the official SDKs, which Parley's authors did not write, parse what they say. */
const messages = [{ role: 'user' as const, content: 'Hello big world' }];

let openaiUpstream: Upstream;
let anthropicUpstream: Upstream;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  [openaiUpstream, anthropicUpstream] = await Promise.all([startUpstream('openai'), startUpstream('anthropic')]);
  openai = new OpenAI({ baseURL: openaiUpstream.url, apiKey: 'sk-test', maxRetries: 0, logLevel: 'off' });
  anthropic = new Anthropic({ baseURL: anthropicUpstream.url, apiKey: 'sk-ant-test', maxRetries: 0, logLevel: 'off' });
});
afterAll(() => Promise.all([openaiUpstream.close(), anthropicUpstream.close()]));

interface Heard {
  text: string;
  deltas: number;
  calls: string[];
  finish: string | null;
  usage: [input: number, output: number] | null;
  error?: unknown;
}

async function hearOpenAi(model: string): Promise<Heard> {
  const heard: Heard = { text: '', deltas: 0, calls: [], finish: null, usage: null };
  try {
    const body = { model, messages, stream: true, stream_options: { include_usage: true } } as const;
    for await (const chunk of await openai.chat.completions.create(body)) {
      const [choice] = chunk.choices;
      if (choice?.delta.content) heard.deltas++;
      heard.text += choice?.delta.content ?? '';
      for (const call of choice?.delta.tool_calls ?? []) {
        heard.calls[call.index] =
          (heard.calls[call.index] ?? '') + (call.function?.name ?? '') + call.function!.arguments!;
      }
      heard.finish = choice?.finish_reason ?? heard.finish;
      if (chunk.usage) heard.usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens];
    }
  } catch (error) {
    heard.error = error;
  }
  return heard;
}

async function hearAnthropic(model: string): Promise<Heard> {
  const heard: Heard = { text: '', deltas: 0, calls: [], finish: null, usage: null };
  const stream = anthropic.messages.stream({ model, messages, max_tokens: 100 });
  stream.on('text', (delta) => {
    heard.deltas++;
    heard.text += delta;
  });
  try {
    const { content, stop_reason, usage } = await stream.finalMessage();
    heard.calls = content.flatMap((b) => (b.type === 'tool_use' ? [b.name + JSON.stringify(b.input)] : []));
    heard.finish = stop_reason;
    const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
    heard.usage = [input_tokens + cache_creation_input_tokens! + cache_read_input_tokens!, usage.output_tokens];
  } catch (error) {
    heard.error = error;
  }
  return heard;
}

const FINISHES = {
  openai: { stop: 'stop', length: 'length', tools: 'tool_calls', filter: 'content_filter' },
  anthropic: { stop: 'end_turn', length: 'max_tokens', tools: 'tool_use', filter: 'refusal' },
};

describe.each([
  ['openai' as const, hearOpenAi],
  ['anthropic' as const, hearAnthropic],
])('the fake %s upstream', (kind, hear) => {
  const upstream = () => (kind === 'openai' ? openaiUpstream : anthropicUpstream);
  const finishes = FINISHES[kind];
  const call = 'get_weather{"city":"Paris"}';

  it.each([
    ['echo', 'Hello big world', 3, finishes.stop],
    ['anything-else', 'Hello big world', 3, finishes.stop],
    ['vendor/words-4', 'one two three four', 4, finishes.stop],
    ['length', 'one two three four five', 5, finishes.length],
    ['filtered', 'one two', 2, finishes.filter],
    ['slow-1-3', 'one two three', 3, finishes.stop],
    ['keepalive-1-3', 'one two three', 3, finishes.stop],
    ['json', '{"answer":42}', 2, finishes.stop],
    ['instant', 'ok', 1, finishes.stop],
    ['cached', 'Hello big world', 3, finishes.stop],
    ['dup-end-2', 'one two', 2, finishes.stop],
  ])('plays %s', async (model, text, deltas, finish) => {
    expect(await hear(model)).toEqual({ text, deltas, calls: [], finish, usage: [10, deltas] });
  });

  it('asks for tools, thinks, and shows what it received', async () => {
    expect(await hear('tool')).toMatchObject({ calls: [call], finish: finishes.tools, usage: [10, 3] });
    expect(await hear('tools-2')).toMatchObject({ calls: [call, 'get_weather{"city":"Rome"}'], usage: [10, 6] });
    expect(await hear('reasoning')).toMatchObject({ text: 'done', usage: [10, 3] });
    expect(await hear('endless')).toMatchObject({
      text: 'Step 1.',
      calls: ['calculator{"expression":"1 + 1"}'],
      finish: finishes.tools,
      usage: [10, 5],
    });
    expect(await hear('plan')).toMatchObject({ text: 'Hello big world', finish: finishes.stop });
    const { text } = await hear('inspect');
    expect(JSON.parse(text)).toMatchObject({ model: 'inspect', messages });
  });

  it.each(['cut-after-2', 'error-after-2', 'malformed-after-2'])('fails in the middle: %s', async (model) => {
    expect(await hear(model)).toMatchObject({ text: 'one two', finish: null, error: { message: expect.any(String) } });
  });

  it('ends without its terminal event: end-after-2, empty', async () => {
    expect(await hear('end-after-2')).toMatchObject({ text: 'one two', finish: null });
    expect(await hear('empty')).toMatchObject({ text: '', finish: null });
  });

  it.each([400, 401, 403, 404, 413, 429, 500, 503, 529])('refuses with status %i', async (status) => {
    const { error } = await hear(`status-${status}`);
    expect(error).toMatchObject({ status, error: expect.objectContaining({}) });
    const { headers } = error as InstanceType<typeof OpenAI.APIError>;
    expect(headers?.get('retry-after')).toBe(status === 429 ? '7' : null);
  });

  it('answers whole bodies too', async () => {
    const whole = async (model: string) =>
      kind === 'openai'
        ? (await openai.chat.completions.create({ model, messages })).choices[0]!.message
        : await anthropic.messages.create({ model, messages, max_tokens: 100 });
    expect(JSON.stringify(await whole('echo'))).toContain('"Hello big world"');
    expect(JSON.stringify(await whole('tool'))).toContain('get_weather');
    await expect(whole('cut-after-2')).rejects.toThrow();
    await expect(whole('end-after-2')).rejects.toThrow();
    await expect(whole('error-after-2')).rejects.toMatchObject({ status: kind === 'openai' ? 503 : 529 });
  });

  it.each(['hang', 'hang-after-1', 'slow-60000'])('sees the client leave: %s', async (model) => {
    const signal = AbortSignal.timeout(100);
    const body = { model, messages, max_tokens: 100, stream: true } as const;
    const stream = await (
      kind === 'openai' ? openai.chat.completions.create(body, { signal }) : anthropic.messages.create(body, { signal })
    ).catch(() => null); // `hang` sends no headers
    if (stream) for await (const event of stream) expect(event).toBeDefined();
    const received = upstream().requests.at(-1)!;
    await received.closed;
    expect([received.aborted, upstream().open()]).toEqual([true, 0]);
  });
});
