import { randomUUID } from 'node:crypto';
import { usageRow } from '../support/ledger';
import { type SseEvent, readEvents } from '../support/sse';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const QUESTION = 'Hello big world';
const COMPLETIONS = '/v1/chat/completions';

interface Heard {
  status: number;
  headers: Headers;
  events: SseEvent[];
  /** The text of all deltas. */
  text: string;
  /** Of the last event, or of the plain answer. */
  error: { type: string; code: string; request_id: string } | undefined;
}

/** The three ways to stream, and how each says things. */
const SURFACES = {
  completions: {
    path: () => COMPLETIONS,
    body: { messages: [{ role: 'user', content: QUESTION }], stream: true },
    text: ({ data }: SseEvent) => (data.choices?.[0]?.delta.content ?? '') as string,
    ended: ({ data }: SseEvent) => data === '[DONE]',
  },
  'chat/stream': {
    path: () => '/v1/chat/stream',
    body: { message: QUESTION },
    text: ({ data }: SseEvent) => (data.type === 'message.delta' ? (data.text as string) : ''),
    ended: ({ event }: SseEvent) => event === 'message.end',
  },
  conversation: {
    path: (conversation: string) => `/v1/conversations/${conversation}/stream`,
    body: { content: QUESTION },
    text: ({ data }: SseEvent) => (data.type === 'message.delta' ? (data.text as string) : ''),
    ended: ({ event }: SseEvent) => event === 'message.end',
  },
};
type Surface = keyof typeof SURFACES;
const surfaces = Object.keys(SURFACES) as Surface[];
const providers = ['openai', 'anthropic'] as const;

describe('streams', () => {
  let world: World;
  let alice: TestUser;
  let conversation: string;
  beforeAll(async () => {
    world = await startWorld();
    alice = await world.parley.user();
  });
  beforeEach(async () => {
    conversation = await alice.conversation({ title: 'Streams' });
  });
  afterAll(() => world.stop());

  const ask = async (surface: Surface, model: string, more: object = {}, id: string = randomUUID()): Promise<Heard> => {
    const { path, body, text } = SURFACES[surface];
    const headers = { 'x-request-id': id };
    const response = await alice.send('POST', path(conversation), { ...body, model, ...more }, headers);
    const events: SseEvent[] = [];
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      const { error } = (await response.json()) as Heard;
      return { status: response.status, headers: response.headers, events, text: '', error };
    }
    for await (const event of readEvents(response.body!)) events.push(event);
    const error = events.at(-1)?.data.error;
    return { status: response.status, headers: response.headers, events, text: events.map(text).join(''), error };
  };

  describe.each(surfaces.flatMap((surface) => providers.map((provider) => ({ surface, provider }))))(
    '$surface, $provider',
    ({ surface, provider }) => {
      const { ended } = SURFACES[surface];

      it('says who answers, and ends', async () => {
        const id = randomUUID();
        const { status, headers, events, text, error } = await ask(surface, `${provider}/words-3`, {}, id);
        expect([status, text, error]).toEqual([200, 'one two three', undefined]);
        expect(events.findIndex(ended)).toBe(events.length - 1);
        expect(Object.fromEntries(headers)).toMatchObject({
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache, no-transform',
          'x-request-id': id,
          'x-parley-provider': provider,
          'x-parley-model': `${provider}/words-3`,
          'x-parley-attempts': '1',
          'x-parley-cache': 'off',
        });
        expect(headers.has('x-parley-cost-usd')).toBe(false); // not known yet when they left
        expect(await usageRow(world.parley, id)).toMatchObject({
          outcome: 'success',
          estimated: false,
          output_tokens: 3,
        });
      });

      it.each([
        ['cut-after-2', 'upstream_truncated'],
        ['end-after-2', 'upstream_truncated'],
        ['malformed-after-2', 'provider_failed'],
        ['error-after-2', 'provider_overloaded'],
      ])('is honest about %s, keeps what was said and bills it', async (script, code) => {
        const id = randomUUID();
        const { status, events, text, error } = await ask(surface, `${provider}/${script}`, {}, id);
        expect([status, text]).toEqual([200, 'one two']);
        expect(error).toMatchObject({ type: 'upstream_error', code, request_id: id });
        expect(events.some(ended)).toBe(false);
        expect(JSON.stringify(events)).not.toMatch(/finish_reason":"/);

        const row = await usageRow(world.parley, id);
        expect(row).toMatchObject({ outcome: 'error', error_code: code, provider, model: script, estimated: true });
        expect(row.input_tokens).toBeGreaterThan(0);
        expect(row.output_tokens).toBeGreaterThan(0);
        if (surface !== 'conversation') return;
        const [question, answer] = await alice.messages(conversation);
        expect(question).toMatchObject({ role: 'user', content: QUESTION, status: 'complete' });
        expect(answer).toMatchObject({ role: 'assistant', content: 'one two', status: 'partial', error: { code } });
        expect(row.message_id).toBe(answer.id);
      });

      it.each([
        ['status-500', 502, 'provider_failed'],
        ['status-429', 503, 'provider_overloaded'],
        ['empty', 502, 'upstream_truncated'],
        ['cut-after-0', 502, 'upstream_truncated'],
      ])('answers plainly when it fails before the first word: %s', async (script, status, code) => {
        const id = randomUUID();
        const heard = await ask(surface, `${provider}/${script}`, {}, id);
        expect(heard).toMatchObject({ status, error: { code, request_id: id }, events: [] });
        expect(heard.headers.get('content-type')).toContain('application/json');
        expect(heard.headers.get('retry-after')).toBe(script === 'status-429' ? '7' : null);
        expect(await usageRow(world.parley, id)).toMatchObject({ outcome: 'error', error_code: code });
        if (surface !== 'conversation') return;
        expect(await alice.messages(conversation)).toMatchObject([
          { role: 'user', status: 'complete' },
          { role: 'assistant', status: 'failed', content: '', error: { code } },
        ]);
      });

      it('estimates what a provider that hangs and is given up has used', async () => {
        const id = randomUUID();
        const { text, error } = await ask(surface, `${provider}/hang-after-2`, { timeout_ms: 300 }, id);
        expect([text, error?.code]).toEqual(['one two', 'upstream_timeout']);
        expect(await usageRow(world.parley, id)).toMatchObject({
          outcome: 'error',
          error_code: 'upstream_timeout',
          estimated: true,
          input_tokens: expect.any(Number),
          output_tokens: 2, // "one two" is seven bytes, and four are taken for a token
        });
      });
    },
  );

  it.each(surfaces)(
    '%s is the same where a terminal event comes twice, and where no usage is told',
    async (surface) => {
      const id = randomUUID();
      const twice = await ask(surface, 'openai/dup-end-2');
      expect(twice.events.filter(SURFACES[surface].ended)).toHaveLength(1);
      const { text } = await ask(surface, 'openai/no-usage', {}, id);
      expect(text).toBe(QUESTION);
      expect(await usageRow(world.parley, id)).toMatchObject({ outcome: 'success', estimated: true, output_tokens: 4 });
    },
  );

  it.each(['chat/stream', 'conversation'] as const)(
    'numbers its own events and names them twice (%s)',
    async (surface) => {
      const { events } = await ask(surface, 'openai/reasoning');
      expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => String(i + 1)));
      expect(events.map(({ event }) => event)).toEqual(events.map(({ data }) => data.type));
      expect(events.map(({ event }) => event)).toEqual([
        'message.start',
        'reasoning.delta',
        'reasoning.delta',
        'message.delta',
        'message.end',
      ]);
      const [start, end] = [events[0]!.data, events.at(-1)!.data];
      expect(start).toMatchObject({ model: 'openai/reasoning', provider: 'openai', message_id: expect.any(String) });
      expect(end).toMatchObject({
        finish_reason: 'stop',
        usage: { input_tokens: 10, output_tokens: 3, reasoning_tokens: 2, total_tokens: 13 },
        cost_usd: null,
        unpriced: true,
      });
      if (surface === 'chat/stream') return;
      expect(start.conversation_id).toBe(conversation);
      const [, stored] = await alice.messages(conversation);
      expect(end.message).toEqual(stored);
      expect(stored).toMatchObject({
        id: start.message_id,
        status: 'complete',
        content: 'done',
        reasoning: 'thinking hard',
      });
    },
  );

  it.each(['chat/stream', 'conversation'] as const)(
    'tells calls of tools whole, before the end (%s)',
    async (surface) => {
      const tools = [{ type: 'function', function: { name: 'get_weather' } }];
      const { events } = await ask(surface, 'anthropic/tools-2', { tools });
      expect(events.map(({ event }) => event)).toEqual(['message.start', 'tool.call', 'tool.call', 'message.end']);
      expect(events[1]!.data).toEqual({
        type: 'tool.call',
        id: expect.any(String),
        name: 'get_weather',
        arguments: '{"city":"Paris"}',
        server: false,
      });
      expect(events.at(-1)!.data).toMatchObject({ finish_reason: 'tool_calls' });
    },
  );
});
