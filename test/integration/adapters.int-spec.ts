import { randomUUID } from 'node:crypto';
import { AnthropicAdapter } from '../../src/providers/adapters/anthropic/anthropic.adapter';
import { OpenAiAdapter } from '../../src/providers/adapters/openai/openai.adapter';
import { Collector } from '../../src/providers/collector.codec';
import {
  type ModelEvent,
  type ModelRequest,
  type Part,
  type ProviderAdapter,
} from '../../src/providers/providers.types';
import { type Upstream, startUpstream } from '../support/upstreams/upstream';

/** What every adapter promises, whatever its wire: the same scripts, the same events. */
const KEY = 'sk-test-1234567890';
const NEVER = new AbortController().signal;

const asked = (model: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model,
  stream: true,
  requestId: randomUUID(),
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello big world' }] }],
  ...more,
});

interface Heard {
  collector: Collector;
  events: ModelEvent[];
  error?: unknown;
}

async function hear(adapter: ProviderAdapter, request: ModelRequest, signal = NEVER): Promise<Heard> {
  const heard: Heard = { collector: new Collector(), events: [] };
  try {
    for await (const event of adapter.stream(request, signal)) {
      heard.events.push(event);
      heard.collector.add(event);
    }
  } catch (error) {
    heard.error = error;
  }
  return heard;
}

const within = async (ms: number, done: Promise<unknown>) => {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms).unref());
  await Promise.race([done, late]);
};

describe.each([
  ['openai' as const, OpenAiAdapter],
  ['anthropic' as const, AnthropicAdapter],
])('the %s adapter', (kind, Adapter) => {
  let upstream: Upstream;
  let adapter: ProviderAdapter;
  beforeAll(async () => {
    upstream = await startUpstream(kind);
    adapter = new Adapter({ id: kind, apiKey: KEY, baseUrl: upstream.url });
  });
  afterAll(async () => {
    await adapter.close();
    await upstream.close();
  });
  const last = () => upstream.requests.at(-1)!;

  describe.each([true, false])('streaming: %s', (stream) => {
    const ask = (model: string, more: Partial<ModelRequest> = {}) => hear(adapter, asked(model, { stream, ...more }));

    it.each([
      ['echo', 'Hello big world', 'stop', 3],
      ['words-4', 'one two three four', 'stop', 4],
      ['length', 'one two three four five', 'length', 5],
      ['filtered', 'one two', 'content_filter', 2],
      ['keepalive-1-3', 'one two three', 'stop', 3],
      ['dup-end-2', 'one two', 'stop', 2],
      ['instant', 'ok', 'stop', 1],
    ])('tells %s', async (model, text, reason, outputTokens) => {
      const { events, collector, error } = await ask(model);
      expect(error).toBeUndefined();
      expect(collector.text()).toBe(text);
      expect(events[0]).toMatchObject({ type: 'start', model, providerRequestId: expect.stringMatching(/^req_/) });
      expect(events.filter(({ type }) => type === 'start' || type === 'finish')).toHaveLength(2);
      expect(events.at(-1)).toMatchObject({ type: 'finish', reason, usage: { inputTokens: 10, outputTokens } });
    });

    it('tells usage: cached, of thoughts', async () => {
      const cached = await ask('cached');
      expect(cached.collector.usage).toMatchObject({
        inputTokens: 10,
        cachedInputTokens: 6,
        cacheWriteTokens: kind === 'anthropic' ? 2 : 0,
      });
      const { collector } = await ask('reasoning');
      expect(collector.usage).toMatchObject({ outputTokens: 3, reasoningTokens: 2 });
      expect([collector.reasoning(), collector.text()]).toEqual(['thinking hard', 'done']);
    });

    it('tells calls of tools, and sends their results', async () => {
      const question = asked('tools-2').messages[0]!;
      const { collector } = await ask('tools-2');
      expect(collector.finishReason()).toBe('tool_calls');
      expect(collector.toolCalls()).toMatchObject([
        { name: 'get_weather', arguments: '{"city":"Paris"}' },
        { name: 'get_weather', arguments: '{"city":"Rome"}' },
      ]);
      const results = collector
        .toolCalls()
        .map(({ id }, i): Part => ({ type: 'tool_result', toolCallId: id, content: ['rain', 'sun'][i]! }));
      const messages: ModelRequest['messages'] = [
        question,
        { role: 'assistant', parts: collector.parts() },
        ...results.map((part) => ({ role: 'tool' as const, parts: [part] })),
      ];
      expect((await ask('tools-2', { messages })).collector.text()).toBe('It is rain and sun.');
    });

    it('answers in JSON', async () => {
      const responseFormat = { type: 'json_object' as const };
      for (const model of ['json', 'claude-3-5-haiku/json']) {
        const { collector } = await ask(model, { responseFormat });
        expect([collector.text(), collector.finishReason(), collector.toolCalls()]).toEqual([
          '{"answer":42}',
          'stop',
          [],
        ]);
      }
    });

    it.each([
      ['status-400', 'bad_request', 'provider_refused_request'],
      ['status-401', 'auth', 'upstream_credentials_rejected'],
      ['status-403', 'auth', 'upstream_credentials_rejected'],
      ['status-404', 'model_not_found', 'model_not_found'],
      ['status-422', 'bad_request', 'provider_refused_request'],
      ['status-500', 'server', 'provider_failed'],
      ['status-502', 'server', 'provider_failed'],
      ['status-503', 'overloaded', 'provider_overloaded'],
      ['status-504', 'timeout', 'upstream_timeout'],
      ['status-529', 'overloaded', 'provider_overloaded'],
      ['context-length', 'context_length', 'context_length_exceeded'],
      ['content-filter', 'content_filter', 'content_filter'],
      ['cut-after-2', 'truncated', 'upstream_truncated'],
      ['cut-after-0', 'truncated', 'upstream_truncated'],
    ])('fails of %s as %s', async (model, failure, code) => {
      const { error, events } = await ask(model);
      expect(error).toMatchObject({ name: 'UpstreamError', provider: kind, failure, code });
      expect((error as Error).message).not.toMatch(/sk-|4711|trace/);
      expect(events.map(({ type }) => type)).not.toContain('finish');
    });

    it('tells how long to wait', async () => {
      expect((await ask('status-429')).error).toMatchObject({
        failure: 'rate_limit',
        retryAfterSeconds: 7,
        cure: 'wait',
      });
    });
  });

  it.each([
    ['end-after-2', 'truncated'],
    ['empty', 'truncated'],
    ['error-after-2', 'overloaded'],
    ['malformed-after-2', 'server'],
  ])('keeps what was said before a stream failed: %s', async (model, failure) => {
    const { collector, error } = await hear(adapter, asked(model));
    expect([collector.text(), collector.finishReason()]).toEqual([model === 'empty' ? '' : 'one two', null]);
    expect(error).toMatchObject({ failure, provider: kind });
  });

  it.each(['end-after-2', 'empty', 'malformed-after-2', 'error-after-2'])(
    'fails of a whole body broken by %s',
    async (model) => {
      const { error, events } = await hear(adapter, asked(model, { stream: false }));
      expect(error).toMatchObject({ provider: kind, cure: expect.stringMatching(/wait|elsewhere/) });
      expect(events.map(({ type }) => type)).not.toContain('finish');
    },
  );

  it('can not reach a closed port', async () => {
    const gone = new Adapter({ id: kind, apiKey: KEY, baseUrl: 'http://127.0.0.1:1/v1' });
    expect((await hear(gone, asked('echo'))).error).toMatchObject({ failure: 'connection', code: 'provider_failed' });
    await gone.close();
  });

  it('signs the request and says which it is', async () => {
    const request = asked('echo');
    await hear(adapter, request);
    expect(last().headers).toMatchObject({ 'x-request-id': request.requestId, authorization: `Bearer ${KEY}` });
    const revoked = new Adapter({ id: kind, apiKey: 'revoked-key', baseUrl: upstream.url });
    expect((await hear(revoked, asked('echo'))).error).toMatchObject({ failure: 'auth' });
    await revoked.close();
  });

  it('sends images, files and the fields both wires have', async () => {
    const parts: Part[] = [
      { type: 'text', text: 'Look' },
      { type: 'image', url: 'https://x.test/a.png' },
      { type: 'image', data: 'aGk=', mediaType: 'image/png' },
      { type: 'file', data: 'aGk=', mediaType: 'application/pdf', filename: 'a.pdf' },
    ];
    const { collector } = await hear(
      adapter,
      asked('inspect', {
        messages: [{ role: 'user', parts }],
        maxTokens: 7,
        temperature: 0.5,
        stop: ['END'],
        endUser: 'u1',
      }),
    );
    const body = JSON.parse(collector.text()) as { messages: { content: { type: string }[] }[] };
    // Anthropic's API took sampling parameters in that version for the last time.
    if (kind === 'anthropic') expect(last().headers).toMatchObject({ 'anthropic-version': '2023-06-01' });
    const types = body.messages[0]!.content.map(({ type }) => type);
    expect(types).toEqual(
      kind === 'openai' ? ['text', 'image_url', 'image_url', 'file'] : ['text', 'image', 'image', 'document'],
    );
    expect(body).toMatchObject({ temperature: 0.5, [kind === 'openai' ? 'stop' : 'stop_sequences']: ['END'] });
  });

  describe('gives up at once', () => {
    const left = async (ms = 1000) => {
      await within(ms, last().closed);
      expect([last().aborted, upstream.open()]).toEqual([true, 0]);
    };

    it.each(['slow-60000', 'hang-after-1'])('when the caller breaks out of %s', async (model) => {
      for await (const event of adapter.stream(asked(model), NEVER)) if (event.type === 'text') break;
      await left();
    });

    it.each(['slow-60000', 'hang-after-1', 'hang'])('when the signal tells so during %s', async (model) => {
      for (const stream of [true, false]) {
        const controller = new AbortController();
        const reason = new Error('the caller has left');
        setTimeout(() => controller.abort(reason), 50);
        const { error } = await hear(adapter, asked(model, { stream }), controller.signal);
        expect(error).toBe(reason);
        await left();
      }
    });

    it('before it begins', async () => {
      const before = upstream.requests.length;
      const reason = new Error('too late');
      expect((await hear(adapter, asked('echo'), AbortSignal.abort(reason))).error).toBe(reason);
      expect(upstream.requests).toHaveLength(before);
    });
  });

  it('refuses by name, before any network, what it can not serve', async () => {
    if (kind === 'openai') return; // whose wire the canonical fields are made after
    const before = upstream.requests.length;
    const parts: Part[] = [{ type: 'file', data: 'aGk=', mediaType: 'application/zip' }];
    const messages: ModelRequest['messages'] = [{ role: 'user', parts }];
    for (const request of [{ messages }, { seed: 1 }, { n: 2 }, { passthrough: { logit_bias: {} } }]) {
      const { error } = await hear(adapter, asked('echo', request));
      expect(error).toMatchObject({ code: 'unsupported_parameter', param: expect.any(String) });
    }
    expect(upstream.requests).toHaveLength(before);
  });

  it('uses its connections again', async () => {
    for (let i = 0; i < 5; i++) await hear(adapter, asked('words-3'));
    const ports = upstream.requests.slice(-5).map(({ clientPort }) => clientPort);
    expect(new Set(ports).size).toBeLessThanOrEqual(2); // the end of one may be read while the next begins
  });
});
