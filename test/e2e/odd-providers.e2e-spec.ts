import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { noLeases } from '../support/ledger';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const SSE = { 'content-type': 'text/event-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };
const sse = (payload: unknown) => `data: ${JSON.stringify(payload)}\n\n`;
const chunk = (delta: object, finish_reason: string | null = null) =>
  sse({
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
  });
const whole = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const raw = (bytes: string) => (res: ServerResponse) => void res.socket?.end(bytes);

/** Servers as they are out there: the model's name says which one. */
const ODD: Record<string, (res: ServerResponse) => void> = {
  'page-502': (res) => void res.writeHead(502, { 'content-type': 'text/html' }).end('<html>nginx trace 4711</html>'),
  'page-200': (res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>'),
  'text-500': (res) => void res.writeHead(500, { 'content-type': 'text/plain' }).end('trace 4711'),
  'null-200': (res) => void res.writeHead(200, JSON_TYPE).end('null'),
  'list-200': (res) => void res.writeHead(200, JSON_TYPE).end('[1,2]'),
  'nothing-200': (res) => void res.writeHead(200, JSON_TYPE).end(''),
  'object-200': (res) => void res.writeHead(200, JSON_TYPE).end('{}'),
  'choices-200': (res) => void res.writeHead(200, JSON_TYPE).end('{"choices":"none","content":7,"type":"message"}'),
  'error-200': (res) =>
    void res.writeHead(200, JSON_TYPE).end('{"type":"error","error":{"message":"trace 4711","type":"server_error"}}'),
  redirect: (res) => void res.writeHead(302, { location: '/elsewhere' }).end(),
  'no-content': (res) => void res.writeHead(204).end(),
  reset: (res) => void res.socket?.destroy(),
  garbage: raw('GARBAGE\r\n\r\n'),
  'half-a-head': raw('HTTP/1.1 200 OK\r\nconten'),
  'short-body': raw('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"choices":['),
  'long-head': (res) => void res.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end('{}'),
  'endless-event': (res) => void res.writeHead(200, SSE).end(`data: ${'x'.repeat(34 * 1024 * 1024)}`),
  'broken-json': (res) => void res.writeHead(200, SSE).end('data: {"choices": [\n\n'),
  'strange-index': (res) =>
    void res.writeHead(200, SSE).end(sse({ choices: [{ index: 1e9, delta: { content: 'x' } }] })),
  'nameless-tool': (res) =>
    void res
      .writeHead(200, SSE)
      .end(
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }) + chunk({}, 'stop') + 'data: [DONE]\n\n',
      ),
};

/** Odd, and good enough to be understood. */
const FINE: Record<string, (res: ServerResponse) => void> = {
  'always-whole': (res) => void res.writeHead(200, JSON_TYPE).end(JSON.stringify(whole)),
  'always-stream': (res) =>
    void res.writeHead(200, SSE).end(chunk({ content: 'hello' }) + chunk({}, 'stop') + 'data: [DONE]\n\n'),
  'no-done': (res) => void res.writeHead(200, SSE).end(chunk({ content: 'hello' }) + chunk({}, 'eos')),
  'carriage-returns': (res) =>
    void res
      .writeHead(200, SSE)
      .end((chunk({ content: 'hello' }) + chunk({}, 'stop') + 'data: [DONE]\n\n').replaceAll('\n', '\r\n')),
  'a-byte-at-a-time': (res) => {
    res.writeHead(200, SSE);
    for (const byte of Buffer.from(chunk({ content: 'hello' }) + chunk({}, 'stop'))) res.write(Buffer.of(byte));
    res.end('data: [DONE]\n\n');
  },
};

/** What no database takes: NUL, and half of a character. As text, and as arguments of a tool. */
const UNSTORABLE = 'a\0b \ud83d c';
FINE['unstorable'] = (res) => {
  const call = {
    index: 0,
    id: 'call_1',
    function: { name: 'get_weather', arguments: JSON.stringify({ city: UNSTORABLE }) },
  };
  const said = chunk({ content: `hello ${UNSTORABLE}` }) + chunk({ tool_calls: [call] }) + chunk({}, 'tool_calls');
  res.writeHead(200, SSE).end(`${said}data: [DONE]\n\n`);
};
ODD['unstorable-error'] = (res) => {
  const error = { message: UNSTORABLE, type: 'server_error', code: UNSTORABLE };
  res.writeHead(200, SSE).end(sse({ error }));
};

describe('providers that answer oddly', () => {
  let server: Server;
  let parley: TestParley;
  let alice: TestUser;
  let elsewhere = 0;
  beforeAll(async () => {
    server = createServer((req, res) => {
      const body: Buffer[] = [];
      req.on('data', (bytes: Buffer) => body.push(bytes));
      req.on('end', () => {
        if (req.url === '/elsewhere') elsewhere++;
        const { model = '' } = (body.length > 0 ? JSON.parse(Buffer.concat(body).toString()) : {}) as {
          model?: string;
        };
        (ODD[model] ?? FINE[model] ?? (() => void res.writeHead(404).end()))(res);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    parley = await startParley({
      env: { ANTHROPIC_API_KEY: 'sk-ant-x', ANTHROPIC_BASE_URL: url },
      yaml: `providers: [{ id: odd, kind: openai-compatible, base_url: "${url}/v1" }]`,
    });
    alice = await parley.user();
  });
  afterAll(async () => {
    await parley.stop();
    server.closeAllConnections();
    server.close();
  });

  const ask = (model: string, stream: boolean) =>
    alice.post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hi' }], stream });

  it.each(Object.keys(ODD))('%s is a failure of the provider, never of Parley', async (model) => {
    for (const provider of ['odd', 'anthropic']) {
      for (const stream of [false, true]) {
        const { status, body } = await ask(`${provider}/${model}`, stream);
        expect([provider, stream, status, body.error?.type]).toEqual([provider, stream, 502, 'upstream_error']);
        expect(['provider_failed', 'upstream_truncated']).toContain(body.error.code);
        expect(JSON.stringify(body)).not.toMatch(/trace 4711|html|log in/);
      }
    }
    expect(elsewhere).toBe(0);
  });

  it.each(Object.keys(FINE).filter((model) => model !== 'unstorable'))(
    '%s is understood, asked for a stream or not',
    async (model) => {
      const { status, body } = await ask(`odd/${model}`, false);
      expect([status, body.choices?.[0]]).toMatchObject([
        200,
        { message: { content: 'hello' }, finish_reason: 'stop' },
      ]);
      const streamed = await ask(`odd/${model}`, true);
      expect(streamed.body).toMatch(/"content":"hello"[^]*"finish_reason":"stop"[^]*\[DONE\]\n\n$/);
    },
  );

  it.each(['unstorable', 'unstorable-error'])('keeps of %s what can be kept', async (script) => {
    const id = await alice.conversation();
    const asked = { content: 'Hi', model: `odd/${script}` };
    const { status, body } = await alice.post(`/v1/conversations/${id}/chat`, asked);
    const [, answer] = await alice.messages(id);
    if (script === 'unstorable') {
      expect([status, body.message]).toEqual([200, answer]);
      expect(answer).toMatchObject({
        status: 'complete',
        content: 'hello a\uFFFDb \uFFFD c',
        tool_calls: [{ id: 'call_1' }],
      });
    } else {
      expect([status, answer.status, answer.error.code]).toEqual([502, 'failed', 'provider_failed']);
    }
    expect((await alice.post(`/v1/conversations/${id}/chat`, { content: 'Hi' })).status).toBe(200);
  });

  it('leaves nothing open, and Parley well', async () => {
    await noLeases(parley);
    expect((await alice.get('/ready')).status).toBe(200);
    expect(parley.logs.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  });
});
