import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type ModelEvent, type ModelRequest } from '../providers.types';
import { OpenAiChat } from './openai-chat';
import { type ChatDialect } from './openai-dialect';

const DIALECT: ChatDialect = {
  maxTokensField: 'max_tokens',
  refuses: [],
  reasoningEffort: (effort) => ({ reasoning_effort: effort }),
  joinsText: true,
  refusalField: false,
  reasoningEcho: null,
  vectors: null,
  fields: {},
  headers: { 'X-Title': 'Parley' },
};
const REQUEST: ModelRequest = {
  model: 'm',
  stream: true,
  requestId: 'req-1',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
};
const SSE = { 'content-type': 'text/event-stream' };
const data = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const ANSWER = `${data({ content: 'Hi' })}${data({}, 'stop')}data: [DONE]\n\n`;

/** A provider on loopback whose behaviour each test sets. */
describe('OpenAiChat over HTTP', () => {
  let answer: (response: ServerResponse, body: Record<string, unknown>, request: IncomingMessage) => void;
  let connections = 0;
  const gone: Promise<unknown>[] = [];
  const server = createServer((request, response) => {
    gone.push(once(response, 'close'));
    let text = '';
    request
      .on('data', (chunk: Buffer) => (text += chunk.toString()))
      .on('end', () => answer(response, JSON.parse(text), request));
  }).on('connection', () => connections++);
  let chat: OpenAiChat;

  beforeEach(async () => {
    connections = gone.length = 0;
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
    chat = make('sk-key-12345678');
  });
  afterEach(() => chat.close());
  afterAll(() => server.close());

  const make = (apiKey: string | null, port = (server.address() as AddressInfo).port) =>
    new OpenAiChat({ id: 'p', apiKey, baseUrl: `http://127.0.0.1:${port}/v1` }, DIALECT);

  async function ask(signal = new AbortController().signal, request = REQUEST): Promise<ModelEvent[]> {
    const events: ModelEvent[] = [];
    for await (const event of chat.stream(request, signal)) events.push(event);
    return events;
  }
  const failing = (failure: string) => expect.objectContaining({ failure }) as Error;

  it('sends the key, the request id and the headers of its dialect', async () => {
    answer = (response, body, { url, headers }) => {
      expect([url, body['model'], headers]).toMatchObject([
        '/v1/chat/completions',
        'm',
        { authorization: 'Bearer sk-key-12345678', 'x-request-id': 'req-1', 'x-title': 'Parley' },
      ]);
      response.writeHead(200, { ...SSE, 'x-request-id': 'upstream-1' }).end(ANSWER);
    };
    expect(await ask()).toMatchObject([
      { type: 'start', providerRequestId: 'upstream-1', model: 'm' },
      { type: 'text', delta: 'Hi' },
      { type: 'finish', reason: 'stop' },
    ]);
  });

  it('sends no key where there is none', async () => {
    await chat.close();
    chat = make(null);
    answer = (response, _, { headers }) => {
      expect(headers).not.toHaveProperty('authorization');
      response.writeHead(200, SSE).end(ANSWER);
    };
    expect(await ask()).toHaveLength(3);
  });

  it('reads a whole body where a stream was asked for, and a stream where none was', async () => {
    const whole = { model: 'm', choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }] };
    answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
    expect(await ask()).toContainEqual({ type: 'text', delta: 'Hi' });
    answer = (response) => response.writeHead(200, SSE).end(ANSWER);
    expect(await ask(undefined, { ...REQUEST, stream: false })).toContainEqual({ type: 'text', delta: 'Hi' });
  });

  it('uses a connection again, also when the stream ends a little after [DONE]', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    answer = (response) => {
      ended = once(response, 'finish');
      response.writeHead(200, SSE).write(ANSWER);
      setTimeout(() => response.end(), 5);
    };
    for (let i = 0; i < 3; i++) {
      await ask();
      await ended;
      // The end is in the client's socket now; a few turns of the event loop read it.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(connections).toBe(1);
  });

  it('does without stream_options where they are refused, and remembers', async () => {
    const asked: boolean[] = [];
    answer = (response, body) => {
      asked.push('stream_options' in body);
      if ('stream_options' in body) {
        response.writeHead(422, { 'content-type': 'application/json' });
        response.end('{"message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}}');
      } else response.writeHead(200, SSE).end(ANSWER);
    };
    await ask();
    await ask();
    expect(asked).toEqual([true, false, false]);
  });

  it.each(['before the headers', 'after them', 'in the stream'])('aborts at once %s, with its reason', async (when) => {
    const abort = new AbortController();
    const reason = { why: 'client gone' };
    answer = (response) => {
      if (when !== 'before the headers') response.writeHead(200, SSE).flushHeaders();
      if (when === 'in the stream') response.write(data({ content: 'Hi' }));
      setTimeout(() => abort.abort(reason), 20);
    };
    await expect(ask(abort.signal)).rejects.toBe(reason);
    await Promise.all(gone);
  });

  it('ends the request when nobody reads on', async () => {
    answer = (response) => response.writeHead(200, SSE).write(data({ content: 'Hi' }));
    for await (const { type } of chat.stream(REQUEST, new AbortController().signal)) if (type === 'text') break;
    await Promise.all(gone);
    expect(gone).toHaveLength(1);
  });

  it('asks nothing of the network when it was aborted before', async () => {
    await expect(ask(AbortSignal.abort('gone'))).rejects.toBe('gone');
    expect(connections).toBe(0);
  });

  it('takes a cut stream for truncated, and a lost connection for no answer', async () => {
    answer = (response) => response.writeHead(200, SSE).end(data({ content: 'Hi' }));
    await expect(ask()).rejects.toThrow(failing('truncated'));
    answer = (response, _, { socket }) => {
      response.writeHead(200, SSE).write(data({ content: 'Hi' }));
      setTimeout(() => socket.resetAndDestroy(), 20);
    };
    await expect(ask()).rejects.toThrow(failing('truncated'));
    answer = (_, __, { socket }) => socket.destroy();
    await expect(ask()).rejects.toThrow(failing('connection'));
    await chat.close();
    chat = make(null, 1);
    await expect(ask()).rejects.toThrow(failing('connection'));
  });

  it('classifies what the provider refuses', async () => {
    answer = (response) => response.writeHead(429, { 'retry-after': '7' }).end('{"error":{"message":"slow"}}');
    await expect(ask()).rejects.toMatchObject({ failure: 'rate_limit', retryAfterSeconds: 7 });
  });
});
