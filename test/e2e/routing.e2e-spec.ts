import { randomUUID } from 'node:crypto';
import { usageRows } from '../support/ledger';
import { type Answer, type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const messages = [{ role: 'user', content: 'Hi' }];
/** A model no other test has called: the breaker and the script's sequence begin anew. */
let serial = 0;
const fresh = (provider: string, ...scripts: string[]) => `${provider}/${++serial}~${scripts.join('~')}`;

describe('routing', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld(({ openai }) => ({
      yaml: `
providers:
  - { id: vllm, kind: openai-compatible, base_url: "${openai.url}", api_key: x }
  - { id: refusing, kind: openai-compatible, base_url: "http://127.0.0.1:1/v1" }
models:
  - { id: openai/small, context_window: 1000 }
  - { id: vllm/context-length, context_window: 1000 }
  - { id: vllm/words-2, context_window: 500 }
  - { id: vllm/words-3, context_window: 90000 }
  - { id: vllm/blind, capabilities: [] }
timeouts: { first_token: 5s, idle: 400ms }
retry: { base: 10ms, cap: 50ms }
routes:
  steady: { targets: [ { model: openai/status-500 }, { model: anthropic/words-3 } ] }
  patient: { targets: [ { model: vllm/hang, timeout: 200ms }, { model: anthropic/words-3 } ] }
  roomy: { targets: [ { model: vllm/context-length }, { model: vllm/words-2 } ], on_context_overflow: [ anthropic/words-4 ] }
  larger: { targets: [ { model: vllm/context-length }, { model: vllm/words-2 }, { model: vllm/words-3 } ] }
  prudish: { targets: [ { model: openai/content-filter }, { model: anthropic/words-3 } ] }
  daring: { targets: [ { model: openai/content-filter }, { model: openai/filtered-0 }, { model: anthropic/words-3 } ], on_content_filter: next }
  quick: { strategy: race, targets: [ { model: openai/slow-3000-3 }, { model: anthropic/words-3 } ] }
  fastest: { strategy: fastest, targets: [ { model: openai/late-300-2 }, { model: anthropic/words-2 } ] }
  drawn: { strategy: weighted, targets: [ { model: openai/words-1, weight: 1000 }, { model: anthropic/words-1, weight: 1 } ] }
`,
    }));
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  interface Asked extends Answer {
    id: string;
  }
  const ask = async (model: string | undefined, more: object = {}): Promise<Asked> => {
    const id = randomUUID();
    const body = { ...(model === undefined ? {} : { model }), messages, ...more };
    const answer = await alice.post('/v1/chat/completions', body, { headers: { 'x-request-id': id } });
    return { ...answer, id };
  };
  const textOf = ({ body }: Answer): string =>
    typeof body === 'string'
      ? [...body.matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text).join('')
      : body.choices[0].message.content;
  const sentTo = (model: string) =>
    [...world.openai.requests, ...world.anthropic.requests].filter(({ body }) => body['model'] === model.split('/')[1]);

  describe.each([false, true])('with stream: %s', (stream) => {
    it('a route goes on to the next target when one fails', async () => {
      const answer = await ask('steady', { stream });
      expect(answer.status).toBe(200);
      expect(textOf(answer)).toBe('one two three');
      expect(answer.headers.get('x-parley-provider')).toBe('anthropic');
      expect(answer.headers.get('x-parley-model')).toBe('anthropic/words-3');
      expect(answer.headers.get('x-parley-attempts')).toBe('2');
      const rows = await usageRows(world.parley, answer.id);
      expect(rows).toMatchObject([
        { provider: 'openai', model: 'status-500', superseded: true, outcome: 'error', error_code: 'provider_failed' },
        { provider: 'anthropic', model: 'words-3', superseded: false, outcome: 'success', output_tokens: 3 },
      ]);
      expect(new Set(rows.map(({ call_id }) => call_id)).size).toBe(1);
    });

    it('a request brings its own fallbacks', async () => {
      const [first, second] = [fresh('openai', 'status-503'), fresh('anthropic', 'status-401')];
      const answer = await ask(first, { stream, fallbacks: [second, 'refusing/x', 'vllm/words-3'] });
      expect([answer.status, textOf(answer)]).toEqual([200, 'one two three']);
      expect(answer.headers.get('x-parley-attempts')).toBe('4');
    });

    it('says of every attempt how it failed', async () => {
      const models = [fresh('openai', 'status-401'), fresh('anthropic', 'status-404'), fresh('vllm', 'status-403')];
      const { status, body } = await ask(models[0], { stream, fallbacks: models.slice(1) });
      expect([status, body.error.type, body.error.code]).toEqual([502, 'upstream_error', 'all_providers_failed']);
      expect(body.error.details).toEqual(
        [
          ['openai', 'auth', 'upstream_credentials_rejected'],
          ['anthropic', 'model_not_found', 'model_not_found'],
          ['vllm', 'auth', 'upstream_credentials_rejected'],
        ].map(([provider, failure, code], i) => ({
          provider,
          model: models[i],
          class: failure,
          code,
          message: expect.any(String),
          duration_ms: expect.any(Number),
        })),
      );
    });

    it('tries again what may pass', async () => {
      const model = fresh('openai', 'status-500', 'status-503', 'words-2');
      const answer = await ask(model, { stream });
      expect([answer.status, textOf(answer), answer.headers.get('x-parley-attempts')]).toEqual([200, 'one two', '3']);
      const rows = await usageRows(world.parley, answer.id);
      expect(rows.map(({ superseded }) => superseded)).toEqual([true, true, false]);
    });

    it('gives up after the configured number of attempts', async () => {
      const model = fresh('openai', 'status-500');
      const { status, body, id } = await ask(model, { stream });
      expect([status, body.error.code]).toEqual([502, 'provider_failed']);
      expect(sentTo(model)).toHaveLength(3);
      expect(await usageRows(world.parley, id)).toHaveLength(3);
    });

    it('waits as long as a provider asks, when that is bearable', async () => {
      const model = fresh('openai', 'limit-1', 'words-2');
      expect((await ask(model, { stream })).status).toBe(200);
      const [first, second] = sentTo(model);
      expect(second!.at - first!.at).toBeGreaterThanOrEqual(1000);
    });

    it.each(['status-400', 'status-401', 'status-429', 'quota', 'context-length', 'content-filter'])(
      'does not try again what cannot pass: %s',
      async (script) => {
        const model = fresh('openai', script);
        expect((await ask(model, { stream })).status).not.toBe(200);
        expect(sentTo(model)).toHaveLength(1);
      },
    );

    it.each(['status-400', 'content-filter'])('asks nobody else when the request is at fault: %s', async (script) => {
      const [first, second] = [fresh('openai', script), fresh('anthropic', 'words-3')];
      expect((await ask(first, { stream, fallbacks: [second] })).status).toBe(400);
      expect(sentTo(second)).toHaveLength(0);
    });

    it('leaves out a fallback that cannot serve a field', async () => {
      const [first, second] = [fresh('openai', 'status-401'), fresh('anthropic', 'words-3')];
      const more = { stream, logit_bias: { '1': 1 }, fallbacks: [second, 'vllm/words-2'] };
      const answer = await ask(first, more);
      expect([answer.status, textOf(answer)]).toEqual([200, 'one two']);
      expect(sentTo(second)).toHaveLength(0);
      const tools = [{ type: 'function', function: { name: 'f' } }];
      expect(textOf(await ask('vllm/blind', { stream, tools, fallbacks: ['vllm/words-2'] }))).toBe('one two');
    });

    it('counts the last that left, when one after it could not', async () => {
      const [first, second] = [fresh('openai', 'status-401'), fresh('anthropic', 'words-3')];
      const { status, id } = await ask(first, { stream, logit_bias: { '1': 1 }, fallbacks: [second] });
      expect(status).toBe(502);
      const code = 'upstream_credentials_rejected';
      expect(await usageRows(world.parley, id)).toMatchObject([{ superseded: false, error_code: code }]);
    });

    it('goes to a target with more room when the prompt is too long', async () => {
      expect(textOf(await ask('roomy', { stream }))).toBe('one two three four');
      const answer = await ask('larger', { stream });
      expect([textOf(answer), answer.headers.get('x-parley-model')]).toEqual(['one two three', 'vllm/words-3']);
    });

    it('is told that the prompt is too long when nobody has more room', async () => {
      const { status, body } = await ask('vllm/context-length', { stream, fallbacks: ['vllm/words-2'] });
      expect([status, body.error.code]).toEqual([400, 'context_length_exceeded']);
    });

    it('goes past a content filter only where the route says so', async () => {
      const refused = await ask('prudish', { stream });
      expect([refused.status, refused.body.error?.code]).toEqual([400, 'content_filter']);
      expect(textOf(await ask('daring', { stream }))).toBe('one two three');
    });

    it('bounds how long a target may keep silent', async () => {
      const answer = await ask('patient', { stream });
      expect([answer.status, textOf(answer)]).toEqual([200, 'one two three']);
      expect(await usageRows(world.parley, answer.id)).toMatchObject([
        { superseded: true, error_code: 'upstream_timeout', estimated: true },
        { superseded: false, outcome: 'success' },
      ]);
    });

    it('bounds the whole call, whatever is still to be tried', async () => {
      const models = [fresh('openai', 'status-500'), fresh('vllm', 'hang'), fresh('anthropic', 'hang')];
      const { status, body, id } = await ask(models[0], { stream, fallbacks: models.slice(1), timeout_ms: 300 });
      expect([status, body.error.code]).toEqual([504, 'upstream_timeout']);
      expect(body.error.details).toMatchObject([{ model: models[0], class: 'server' }]);
      expect(await usageRows(world.parley, id)).toHaveLength(2);
    });
  });

  describe('a stream that breaks after its first word', () => {
    it.each([
      ['cut-after-2', 'upstream_truncated'],
      ['end-after-2', 'upstream_truncated'],
      ['error-after-2', 'provider_overloaded'],
      ['malformed-after-2', 'provider_failed'],
      ['hang-after-2', 'upstream_timeout'],
    ])('is not continued by anyone else: %s', async (script, code) => {
      const [first, second] = [fresh('openai', script), fresh('anthropic', 'words-3')];
      const answer = await ask(first, { stream: true, fallbacks: [second] });
      expect(textOf(answer)).toBe('one two');
      expect(answer.body).not.toContain('[DONE]');
      expect(answer.body).toContain(`"code":"${code}"`);
      expect(sentTo(second)).toHaveLength(0);
      expect(await usageRows(world.parley, answer.id)).toMatchObject([{ superseded: false, error_code: code }]);
    });
  });

  describe('a race', () => {
    it('is won by the first to say something; the others are aborted and billed', async () => {
      const [slow, slower] = [fresh('openai', 'slow!late-600-3'), fresh('vllm', 'slower!late-5000-3')];
      const answer = await ask(undefined, { stream: true, race: [slower, slow, 'anthropic/late-150-2'] });
      expect([answer.status, textOf(answer)]).toEqual([200, 'one two']);
      expect(answer.headers.get('x-parley-provider')).toBe('anthropic');
      expect(answer.headers.get('x-parley-attempts')).toBe('3');
      const rows = await usageRows(world.parley, answer.id);
      expect(rows).toHaveLength(3);
      expect(rows.filter(({ superseded }) => superseded)).toMatchObject([
        { outcome: 'cancelled', estimated: true, input_tokens: expect.any(Number) },
        { outcome: 'cancelled', estimated: true },
      ]);
      for (const model of [slow, slower]) {
        const [request] = sentTo(model);
        await request!.closed;
        expect(request!.aborted).toBe(true);
      }
    });

    it.each([false, true])('lets the winner finish, however long that takes; with stream: %s', async (stream) => {
      const answer = await ask(undefined, { stream, race: ['openai/hang', 'anthropic/slow-50-4'] });
      expect([answer.status, textOf(answer)]).toEqual([200, 'one two three four']);
    });

    it('counts as one request, and costs what all of it cost', async () => {
      const before = (await alice.usage()).totals;
      const { body, id } = await ask('quick');
      expect(body.choices[0].message.content).toBe('one two three');
      const rows = await usageRows(world.parley, id);
      const after = (await alice.usage()).totals;
      expect(after.requests - before.requests).toBe(1);
      const input = rows.reduce((sum, row) => sum + row.input_tokens, 0);
      expect(after.input_tokens - before.input_tokens).toBe(input);
    });

    it('goes on to the fallbacks when all of its models fail', async () => {
      const race = [fresh('openai', 'status-401'), fresh('vllm', 'status-400')];
      const answer = await ask(undefined, { race, fallbacks: ['anthropic/words-3'] });
      expect([answer.status, textOf(answer)]).toEqual([200, 'one two three']);
    });

    it('takes the model along, once', async () => {
      const model = fresh('openai', 'words-2');
      expect((await ask(model, { race: [model] })).status).toBe(200);
      expect(sentTo(model)).toHaveLength(1);
    });
  });

  it('asks the fastest first, once it knows which that is', async () => {
    await ask('fastest');
    await ask('fastest');
    for (let i = 0; i < 3; i++) expect((await ask('fastest')).headers.get('x-parley-provider')).toBe('anthropic');
  });

  it('spreads by weight', async () => {
    const providers = await Promise.all(Array.from({ length: 20 }, () => ask('drawn')));
    const first = providers.filter(({ headers }) => headers.get('x-parley-provider') === 'openai');
    expect(first.length).toBeGreaterThan(15);
  });

  it('lists routes among the models', async () => {
    const { body } = await alice.get('/v1/models');
    expect(body.data.map(({ id }: { id: string }) => id)).toContain('steady');
    expect((await alice.get('/v1/models/steady')).body).toMatchObject({ id: 'steady', provider: 'parley' });
  });

  it.each([
    [{ fallbacks: ['nowhere/x'] }, 'model_not_found', 'fallbacks[0]'],
    [{ race: ['openai/x', 'nobody'] }, 'model_not_found', 'race[1]'],
    [{ race: [] }, 'validation_failed', 'race'],
    [{ fallbacks: 'openai/x' }, 'validation_failed', 'fallbacks'],
  ])('refuses %j before anything is sent', async (more, code, param) => {
    const sent = world.openai.requests.length;
    const { status, body } = await ask('openai/echo', more);
    expect([status, body.error.code, body.error.param]).toEqual([400, code, param]);
    expect(world.openai.requests).toHaveLength(sent);
  });
});
