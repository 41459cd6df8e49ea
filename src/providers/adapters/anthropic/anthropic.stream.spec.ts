import { Collector } from '../../collector.codec';
import { type ModelEvent } from '../../providers.types';
import { readMessage } from './anthropic.message';
import { AnswerReader } from './anthropic.stream';

const reader = (jsonTool: string | null = null) =>
  new AnswerReader({ provider: 'anthropic', apiKey: null, jsonTool, requestId: null });
const usage = { input_tokens: 5, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 1 };
const START = { type: 'message_start', message: { id: 'msg_1', model: 'claude-x', usage } };
const STOP = { type: 'message_stop' };
const ending = (stop_reason: string | null, more = {}) => ({
  type: 'message_delta',
  delta: { stop_reason, ...more },
  usage: { output_tokens: 7 },
});
const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
const text = (index: number, ...pieces: string[]) =>
  block(index, { type: 'text', text: '' }, ...pieces.map((piece) => ({ type: 'text_delta', text: piece })));
const json = (...pieces: string[]) => pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json }));

function read(events: object[], jsonTool?: string): ModelEvent[] {
  const answer = reader(jsonTool);
  const told = events.flatMap((event) => answer.read(JSON.stringify(event)));
  answer.assertComplete();
  return told;
}
const finishOf = (...events: object[]) => read([START, ...events, STOP]).at(-1);
const opaque = (data: object) => ({ type: 'opaque', opaque: { format: 'anthropic', data } });

it('tells a text', () => {
  expect(
    read([START, { type: 'ping' }, ...text(0, 'Hel', '', 'lo'), { type: 'new_event' }, ending('end_turn'), STOP]),
  ).toEqual([
    { type: 'start', providerRequestId: 'msg_1', model: 'claude-x' },
    { type: 'text', delta: 'Hel' },
    { type: 'text', delta: 'lo' },
    {
      type: 'finish',
      reason: 'stop',
      usage: { inputTokens: 10, outputTokens: 7, cachedInputTokens: 3, cacheWriteTokens: 2, reasoningTokens: 0 },
    },
  ]);
});

it.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['compaction', 'stop'],
  ['something_new', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
])('takes %s for %s', (told, reason) => {
  expect(finishOf(...text(0, 'x'), ending(told))).toMatchObject({ reason });
});

describe('blocks', () => {
  it('tells thoughts and keeps what proves them', () => {
    const thinking = [
      { type: 'thinking_delta', thinking: 'h' },
      { type: 'thinking_delta', thinking: 'm' },
      { type: 'signature_delta', signature: 's' },
    ];
    const redacted = { type: 'redacted_thinking', data: 'secret' };
    const events = read([
      START,
      ...block(0, { type: 'thinking', thinking: '', signature: '' }, ...thinking),
      ...block(1, redacted),
      ending('end_turn'),
      STOP,
    ]);
    expect(events.slice(1, -1)).toEqual([
      { type: 'reasoning', delta: 'h' },
      { type: 'reasoning', delta: 'm' },
      {
        type: 'reasoning',
        delta: '',
        opaque: { format: 'anthropic', data: { type: 'thinking', thinking: 'hm', signature: 's' } },
      },
      { type: 'reasoning', delta: '', opaque: { format: 'anthropic', data: redacted } },
    ]);
  });

  it('tells calls of tools, without arguments too', () => {
    const tool = (name: string) => ({ type: 'tool_use', id: name, name, input: {} });
    const events = read([
      START,
      ...block(0, tool('f'), ...json('', '{"a"', ':1}')),
      ...block(1, tool('g'), ...json('')),
      ending('tool_use'),
      STOP,
    ]);
    expect(events.slice(1, -1)).toEqual([
      { type: 'tool_call', index: 0, id: 'f', name: 'f', argumentsDelta: '' },
      { type: 'tool_call', index: 0, argumentsDelta: '{"a"' },
      { type: 'tool_call', index: 0, argumentsDelta: ':1}' },
      { type: 'tool_call', index: 1, id: 'g', name: 'g', argumentsDelta: '' },
      { type: 'tool_call', index: 1, argumentsDelta: '{}' },
    ]);
  });

  it('tells the tool that stands for the answer as text', () => {
    const tool = { type: 'tool_use', id: 't', name: 'json', input: {} };
    const events = read([START, ...block(0, tool, ...json('{"a"', ':1}')), ending('tool_use'), STOP], 'json');
    expect(events.slice(1)).toMatchObject([
      { type: 'text', delta: '{"a"' },
      { type: 'text', delta: ':1}' },
      { type: 'finish', reason: 'stop' },
    ]);
  });

  it('keeps whole what the provider ran itself, and what it may yet invent', () => {
    const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
    const compaction = block(
      1,
      { type: 'compaction', content: null },
      { type: 'compaction_delta', content: 'Sum' },
      { type: 'compaction_delta', content: 'mary' },
    );
    const events = read([
      START,
      ...block(0, search, ...json('{"query":', '"x"}')),
      ...compaction,
      ending('pause_turn'),
      STOP,
    ]);
    expect(events.slice(1, -1)).toEqual([
      opaque({ ...search, input: { query: 'x' } }),
      opaque({ type: 'compaction', content: 'Summary' }),
    ]);
  });

  it('keeps citations with their text', () => {
    const citation = { type: 'web_search_result_location', url: 'https://x.test' };
    const deltas = [
      { type: 'citations_delta', citation },
      { type: 'text_delta', text: 'Blue.' },
    ];
    const events = read([
      START,
      ...block(0, { type: 'text', text: '', citations: [] }, ...deltas),
      ending('end_turn'),
      STOP,
    ]);
    expect(events.slice(1, -1)).toEqual([
      { type: 'text', delta: 'Blue.' },
      opaque({ type: 'text', text: 'Blue.', citations: [citation] }),
    ]);
  });
});

it('explains a refusal when nothing was said', () => {
  const refused = ending('refusal', { stop_details: { type: 'refusal', explanation: 'No.' } });
  expect(read([START, refused, STOP]).slice(1)).toMatchObject([
    { type: 'refusal', delta: 'No.' },
    { reason: 'content_filter' },
  ]);
  expect(read([START, ...text(0, 'So'), refused, STOP]).filter(({ type }) => type === 'refusal')).toEqual([]);
});

describe('usage', () => {
  it('takes the later count where there is one', () => {
    const later = {
      type: 'message_delta',
      delta: {},
      usage: {
        input_tokens: 50,
        cache_read_input_tokens: null,
        output_tokens: 9,
        output_tokens_details: { thinking_tokens: 4 },
      },
    };
    expect(finishOf(later)).toMatchObject({
      usage: { inputTokens: 55, outputTokens: 9, cachedInputTokens: 3, reasoningTokens: 4 },
    });
  });

  it('adds the passes that compacted the context, which the top level leaves out', () => {
    const iterations = [
      { type: 'compaction', input_tokens: 1000, output_tokens: 100 },
      { type: 'message', input_tokens: 5, output_tokens: 7 },
    ];
    const told = { type: 'message_delta', delta: {}, usage: { output_tokens: 7, iterations } };
    expect(finishOf(told)).toMatchObject({ usage: { inputTokens: 1010, outputTokens: 107 } });
  });

  it('is null when none is told', () => {
    expect(read([{ type: 'message_start', message: {} }, STOP]).at(-1)).toMatchObject({ usage: null });
  });
});

describe('an honest end', () => {
  const truncated = expect.objectContaining({ failure: 'truncated' }) as Error;
  const server = expect.objectContaining({ failure: 'server' }) as Error;

  it('needs the terminal event, and tells it once', () => {
    expect(() => read([START, ...text(0, 'x'), ending('end_turn')])).toThrow(truncated);
    expect(() => read([])).toThrow(truncated);
    expect(read([START, ending('end_turn'), STOP, STOP, START]).filter(({ type }) => type === 'finish')).toHaveLength(
      1,
    );
  });

  it('throws what the provider tells in the middle', () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    expect(() => read([START, error])).toThrow(expect.objectContaining({ failure: 'overloaded' }));
  });

  it.each(['{"type":"content_bl', 'null', '[]', '', JSON.stringify(STOP), JSON.stringify(text(0, 'x')[0])])(
    'calls %s nonsense',
    (data) => {
      expect(() => reader().read(data)).toThrow(server);
    },
  );

  it('calls broken input of a tool the provider ran nonsense', () => {
    expect(() => read([START, ...block(0, { type: 'server_tool_use' }, ...json('{"a'))])).toThrow(server);
  });
});

describe('a whole body', () => {
  const content = [
    { type: 'thinking', thinking: 'hm', signature: 's' },
    { type: 'text', text: 'Blue.', citations: [{ type: 'char_location' }] },
    { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
    { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
  ];

  it('tells the same as a stream', () => {
    const body = { type: 'message', id: 'm', model: 'c', content, stop_reason: 'tool_use', usage };
    const events = readMessage(reader(), JSON.stringify(body));
    const collector = new Collector();
    for (const event of events) collector.add(event);
    expect(collector.parts()).toEqual([
      { type: 'reasoning', text: 'hm', opaque: { format: 'anthropic', data: content[0] } },
      { type: 'text', text: 'Blue.' },
      opaque(content[1]!),
      opaque(content[2]!),
      { type: 'tool_call', id: 't', name: 'f', arguments: '{"a":1}' },
    ]);
    expect(events.at(-1)).toMatchObject({
      type: 'finish',
      reason: 'tool_calls',
      usage: { inputTokens: 10, outputTokens: 1 },
    });
  });

  it('explains a refusal, throws an error, and is truncated without a stop reason', () => {
    const whole = (body: object) => readMessage(reader(), JSON.stringify(body));
    const refusal = { type: 'message', content: [], stop_reason: 'refusal', stop_details: { explanation: 'No.' } };
    expect(whole(refusal)).toMatchObject([
      { type: 'start' },
      { type: 'refusal' },
      { reason: 'content_filter', usage: null },
    ]);
    expect(() => whole({ type: 'error', error: { type: 'api_error' } })).toThrow(
      expect.objectContaining({ failure: 'server' }),
    );
    expect(() => whole({ type: 'message', content, stop_reason: null })).toThrow(
      expect.objectContaining({ failure: 'truncated' }),
    );
    expect(() => readMessage(reader(), '{"type":"mess')).toThrow(expect.objectContaining({ failure: 'server' }));
  });
});
