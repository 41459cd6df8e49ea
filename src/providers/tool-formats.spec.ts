import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { AnthropicAdapter } from './adapters/anthropic/anthropic.adapter';
import { AnswerReader } from './adapters/anthropic/anthropic.stream';
import { DemoAdapter } from './adapters/demo/demo.adapter';
import { OpenAiCompatibleAdapter } from './adapters/openai-compatible/openai-compatible.adapter';
import { OpenAiAdapter } from './adapters/openai/openai.adapter';
import { OpenRouterAdapter } from './adapters/openrouter/openrouter.adapter';
import { Collector } from './collector.codec';
import { type Message, type ModelEvent, type ModelRequest, type ProviderAdapter } from './providers.types';
import { ChatReader } from './wire/openai-stream';
import { SseParser } from './wire/sse-parser';

const TREE = {
  type: 'object',
  properties: { root: { $ref: '#/$defs/node' } },
  required: ['root'],
  additionalProperties: false,
  $defs: {
    node: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
  },
};
const ARGUMENTS = ['{"root":{"name":"Łódź 👋🏽"}}', '{"root":{"name":"日本 \\"x\\""}}'] as const;
const CALLED = ARGUMENTS.map((text, i) => ({ type: 'tool_call', id: `id-${i}`, name: 'grow', arguments: text }));

/** Two steps: two calls of which one failed, then one; what was said between them; and the answer to go on from. */
const HISTORY: Message[] = [
  { role: 'user', parts: [{ type: 'text', text: 'Grow' }] },
  {
    role: 'assistant',
    parts: [
      { type: 'text', text: 'I try.' },
      { type: 'tool_call', id: 'a', name: 'grow', arguments: ARGUMENTS[0] },
      { type: 'tool_call', id: 'b', name: 'now', arguments: '' },
    ],
  },
  {
    role: 'tool',
    parts: [
      { type: 'tool_result', toolCallId: 'a', content: 'No such city.', isError: true },
      { type: 'tool_result', toolCallId: 'b', content: 'noon' },
    ],
  },
  { role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'grow', arguments: '{"root":' }] },
  {
    role: 'tool',
    parts: [{ type: 'tool_result', toolCallId: 'c', content: 'Not valid JSON.', isError: true }],
  },
];
const REQUEST: ModelRequest = {
  model: 'claude-sonnet-4-5',
  stream: true,
  requestId: 'r',
  messages: HISTORY,
  tools: [{ name: 'grow', description: 'Grows', parameters: TREE, strict: true }, { name: 'now' }],
  toolChoice: { name: 'grow' },
};

const fn = (name: string, args: string) => ({ type: 'function', function: { name, arguments: args } });
const OPENAI_BODY = {
  messages: [
    { role: 'user', content: 'Grow' },
    {
      role: 'assistant',
      content: 'I try.',
      tool_calls: [
        { id: 'a', ...fn('grow', ARGUMENTS[0]) },
        { id: 'b', ...fn('now', '{}') },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'No such city.' },
    { role: 'tool', tool_call_id: 'b', content: 'noon' },
    { role: 'assistant', content: null, tool_calls: [{ id: 'c', ...fn('grow', '{"root":') }] },
    { role: 'tool', tool_call_id: 'c', content: 'Not valid JSON.' },
  ],
  tools: [
    { type: 'function', function: { name: 'grow', description: 'Grows', parameters: TREE, strict: true } },
    {
      type: 'function',
      function: { name: 'now', parameters: { type: 'object', properties: {}, additionalProperties: false } },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'grow' } },
};
const ANTHROPIC_BODY = {
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Grow' }] },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'I try.' },
        { type: 'tool_use', id: 'a', name: 'grow', input: { root: { name: 'Łódź 👋🏽' } } },
        { type: 'tool_use', id: 'b', name: 'now', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: 'No such city.', is_error: true },
        { type: 'tool_result', tool_use_id: 'b', content: 'noon' },
      ],
    },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'grow', input: { arguments: '{"root":' } }] },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'c', content: 'Not valid JSON.', is_error: true }],
    },
  ],
  tools: [
    { name: 'grow', description: 'Grows', input_schema: TREE, strict: true },
    { name: 'now', input_schema: { type: 'object', properties: {} } },
  ],
  tool_choice: { type: 'tool', name: 'grow' },
};

const choice = (delta: object, finish: string | null = null) => ({
  id: 'c',
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const piecesOf = (text: string) => [text.slice(0, 9), text.slice(9, 13), text.slice(13)];
/** Pieces of both calls in turn. */
const interleaved = <T>(toPiece: (call: number, piece: string) => T): T[] =>
  [0, 1, 2].flatMap((at) => [0, 1].map((call) => toPiece(call, piecesOf(ARGUMENTS[call]!)[at]!)));

const OPENAI_EVENTS = [
  choice({ role: 'assistant', content: null }),
  ...[0, 1].map((index) => choice({ tool_calls: [{ index, id: `id-${index}`, ...fn('grow', '') }] })),
  ...interleaved((index, piece) => choice({ tool_calls: [{ index, function: { arguments: piece } }] })),
  choice({}, 'tool_calls'),
];
const ANTHROPIC_EVENTS = [
  { type: 'message_start', message: { id: 'm', model: 'c' } },
  ...[0, 1].map((index) => ({
    type: 'content_block_start',
    index,
    content_block: { type: 'tool_use', id: `id-${index}`, name: 'grow', input: {} },
  })),
  ...interleaved((index, partial_json) => ({
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json },
  })),
  ...[0, 1].map((index) => ({ type: 'content_block_stop', index })),
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 7 } },
  { type: 'message_stop' },
];
const bytesOf = (events: (object | string)[]) =>
  Buffer.from(events.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`).join(''));
const OPENAI_BYTES = bytesOf([...OPENAI_EVENTS, '[DONE]']);
const ANTHROPIC_BYTES = bytesOf(ANTHROPIC_EVENTS);

const collected = (events: readonly ModelEvent[]) => {
  const collector = new Collector();
  for (const event of events) collector.add(event);
  return [collector.parts(), collector.finishReason()];
};

describe.each([
  ['openai', OpenAiAdapter, OPENAI_BODY, OPENAI_BYTES],
  ['openai-compatible', OpenAiCompatibleAdapter, OPENAI_BODY, OPENAI_BYTES],
  ['openrouter', OpenRouterAdapter, OPENAI_BODY, OPENAI_BYTES],
  ['anthropic', AnthropicAdapter, ANTHROPIC_BODY, ANTHROPIC_BYTES],
] as const)('the tools of %s', (id, Adapter, expected, bytes) => {
  let received: Record<string, unknown>;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        received = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
        void sayByteByByte(response);
      });
  });
  async function sayByteByByte(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const byte of bytes) await new Promise((written) => response.write(Buffer.of(byte), written));
    response.end();
  }
  let adapter: ProviderAdapter;
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    adapter = new Adapter({ id, apiKey: 'sk-key-12345678', baseUrl: `http://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await adapter.close();
    server.close();
  });

  it('go out as its wire has them, with all that came of them, and its calls come in byte by byte', async () => {
    const events: ModelEvent[] = [];
    for await (const event of adapter.stream(REQUEST, new AbortController().signal)) events.push(event);
    expect(received).toMatchObject(expected);
    expect(collected(events)).toEqual([CALLED, 'tool_calls']);
  });
});

describe('calls of tools, cut in two at every byte', () => {
  const readers = {
    openai: (chunks: Uint8Array[]) => {
      const reader = new ChatReader('p');
      const data = parsed(chunks);
      const read = data.slice(0, -1).flatMap((one) => reader.read(one));
      return [...read, ...reader.end(data.at(-1) === '[DONE]')];
    },
    anthropic: (chunks: Uint8Array[]) => {
      const reader = new AnswerReader({ provider: 'p', apiKey: null, jsonTool: null, requestId: null });
      const read = parsed(chunks).flatMap((one) => reader.read(one));
      reader.assertComplete();
      return read;
    },
  };
  const parsed = (chunks: Uint8Array[]) => {
    const parser = new SseParser();
    return [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
  };

  it.each([
    ['openai', OPENAI_BYTES],
    ['anthropic', ANTHROPIC_BYTES],
  ] as const)('are the same calls (%s)', (wire, bytes) => {
    const whole = readers[wire]([bytes]);
    expect(collected(whole)).toEqual([CALLED, 'tool_calls']);
    for (let at = 1; at < bytes.length; at++) {
      expect(readers[wire]([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
    expect(readers[wire](Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('make no sense to anthropic without a name, and need no arguments', () => {
    const [start, , , ...rest] = ANTHROPIC_EVENTS;
    const begin = (block: object) => ({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', ...block },
    });
    const stop = { type: 'content_block_stop', index: 0 };
    expect(() => readers.anthropic([bytesOf([start!, begin({ id: 'x' }), stop, ...rest.slice(-2)])])).toThrow(
      expect.objectContaining({ failure: 'server' }) as Error,
    );
    const bare = readers.anthropic([bytesOf([start!, begin({ name: 'now' }), stop, ...rest.slice(-2)])]);
    expect(collected(bare)).toEqual([[{ type: 'tool_call', id: '', name: 'now', arguments: '{}' }], 'tool_calls']);
  });
});

describe('the tools of demo', () => {
  const demo = new DemoAdapter();
  const ask = async (messages: Message[], more: Partial<ModelRequest> = {}) => {
    const events: ModelEvent[] = [];
    const request = { ...REQUEST, model: 'echo', toolChoice: 'auto' as const, messages, ...more };
    for await (const event of demo.stream(request, new AbortController().signal)) events.push(event);
    return collected(events);
  };
  const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });

  it('are called line by line, several of a line at once, and answered with what they said', async () => {
    const plan = user(`call grow ${ARGUMENTS[0]} & call now\ncall grow ${ARGUMENTS[1]}`);
    const first = [
      { type: 'tool_call', id: 'call_r', name: 'grow', arguments: ARGUMENTS[0] },
      { type: 'tool_call', id: 'call_r_1', name: 'now', arguments: '{}' },
    ];
    expect(await ask([plan])).toEqual([first, 'tool_calls']);
    const [, said, results, ...rest] = HISTORY;
    const second = [{ type: 'tool_call', id: 'call_r', name: 'grow', arguments: ARGUMENTS[1] }];
    expect(await ask([plan, said!, results!])).toEqual([second, 'tool_calls']);
    const answer = [{ type: 'text', text: 'No such city.\nnoon\nNot valid JSON.' }];
    expect(await ask([plan, said!, results!, ...rest])).toEqual([answer, 'stop']);
  });

  it('are called when they must be, once, and not when there are none of that name', async () => {
    const forced = { toolChoice: { name: 'now' } };
    expect(await ask([user('Hi')], forced)).toEqual([
      [{ type: 'tool_call', id: 'call_r', name: 'now', arguments: '{}' }],
      'tool_calls',
    ]);
    expect(await ask([user('Hi'), ...HISTORY.slice(3)], forced)).toEqual([
      [{ type: 'text', text: 'Not valid JSON.' }],
      'stop',
    ]);
    expect(await ask([user('call other {}')])).toEqual([[{ type: 'text', text: 'call other {}' }], 'stop']);
  });
});
