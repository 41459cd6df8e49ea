import { randomUUID } from 'node:crypto';
import { usageRow } from '../support/ledger';
import { type TestUser } from '../support/user';
import { PROVIDER_KEYS, startWorld, type World } from '../support/world';

const KEYS = { LOCAL_KEY: 'local-server-key-0003', OPENROUTER_API_KEY: 'sk-or-v1-parleys-own-openrouter-key-0004' };
const REVOKED = 'sk-proj-revoked-key-0005';
const messages = [{ role: 'user', content: 'Hello big world' }];
const ATTEMPT_MS = 1500;

/** What a provider says, and what a caller of Parley is told. `said`: the provider's words, where they help the caller. */
type Row = [
  script: string,
  status: number,
  code: string,
  more?: { said?: RegExp; param?: string; retryAfter?: string },
];

const EVERYWHERE: Row[] = [
  ['status-401', 502, 'upstream_credentials_rejected'],
  ['status-402', 502, 'upstream_credentials_rejected'],
  ['status-403', 502, 'upstream_credentials_rejected'],
  ['status-404', 400, 'model_not_found', { said: /status-404/ }],
  ['status-408', 504, 'upstream_timeout'],
  ['status-422', 400, 'provider_refused_request', { said: /refused with status 422/ }],
  ['status-429', 503, 'provider_overloaded', { retryAfter: '7' }],
  ['status-500', 502, 'provider_failed'],
  ['status-502', 502, 'provider_failed'],
  ['status-503', 503, 'provider_overloaded'],
  ['status-504', 504, 'upstream_timeout'],
  ['status-529', 503, 'provider_overloaded'],
  ['content-filter', 400, 'content_filter', { said: /rejected|blocked/ }],
];
const OPENAI: Row[] = [
  ['status-400', 400, 'provider_refused_request', { said: /Invalid value for 'top_p'/, param: 'top_p' }],
  ['status-413', 400, 'provider_refused_request', { said: /Maximum content size/ }],
  ['quota', 503, 'provider_overloaded'],
  ['context-length', 400, 'context_length_exceeded', { said: /maximum context length is 8192/, param: 'messages' }],
];
const ANTHROPIC: Row[] = [
  ['status-400', 400, 'provider_refused_request', { said: /top_p: Input should be/ }],
  ['status-413', 400, 'context_length_exceeded', { said: /maximum allowed number of bytes/ }],
  ['quota', 502, 'upstream_credentials_rejected'],
  ['context-length', 400, 'context_length_exceeded', { said: /prompt is too long/ }],
];

describe('failures of providers', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld(({ openai }) => ({
      env: { ...KEYS, OPENROUTER_BASE_URL: openai.url, REVOKED_KEY: REVOKED },
      yaml: `
timeouts: { attempt: ${ATTEMPT_MS}ms }
providers:
  - { id: vllm, kind: openai-compatible, base_url: "${openai.url}", api_key: $LOCAL_KEY }
  - { id: keyless, kind: openai-compatible, base_url: "${openai.url}" }
  - { id: revoked, kind: openai-compatible, base_url: "${openai.url}", api_key: $REVOKED_KEY }
  - { id: refusing, kind: openai-compatible, base_url: "http://127.0.0.1:1/v1" }
  - { id: nowhere, kind: openai-compatible, base_url: "http://nowhere.invalid/v1" }
`,
    }));
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  const ask = (model: string, more: object = {}, id: string = randomUUID()) =>
    alice.post('/v1/chat/completions', { model, messages, ...more }, { headers: { 'x-request-id': id } });

  describe.each([
    ['openai', [...EVERYWHERE, ...OPENAI]],
    ['vllm', [...EVERYWHERE, ...OPENAI]],
    ['openrouter', [...EVERYWHERE, ...OPENAI]],
    ['anthropic', [...EVERYWHERE, ...ANTHROPIC]],
  ])('%s', (provider, rows) => {
    it.each(rows)('%s is told as %i %s', async (script, status, code, { said, param, retryAfter } = {}) => {
      for (const stream of [false, true]) {
        const id = randomUUID();
        const answer = await ask(`${provider}/${script}`, { stream }, id);
        expect(answer.status).toBe(status);
        expect(answer.headers.get('retry-after')).toBe(retryAfter ?? null);
        expect(answer.headers.get('content-type')).toContain('application/json');
        const { error } = answer.body;
        const type = status === 400 ? 'invalid_request_error' : 'upstream_error';
        expect(error).toMatchObject({ type, code, param: param ?? null, request_id: id });
        expect(error.message).toContain(provider);
        if (said) expect(error.message).toMatch(said);
        // Of a failure of its own or of Parley's account, nothing a provider says is passed on.
        else expect(error.message).toMatch(/^[\w.]+ (is|failed|did not|was)[\w ,.']*$/);
        expect(JSON.stringify(answer.body)).not.toMatch(/trace 4711|fakefake|platform\.openai\.com|Plans & Billing/);

        expect(await usageRow(world.parley, id)).toMatchObject({
          provider,
          model: script,
          outcome: 'error',
          error_code: code,
          // A refused call costs nothing; one that timed out was worked on, and its prompt is estimated.
          ...(code === 'upstream_timeout'
            ? { estimated: true, input_tokens: expect.any(Number), output_tokens: 0 }
            : { estimated: false, input_tokens: 0, output_tokens: 0, cost_usd: '0.000000000000' }),
        });
      }
    });
  });

  it('a key that is no longer good', async () => {
    const { status, body } = await ask('revoked/echo');
    expect([status, body.error.code]).toEqual([502, 'upstream_credentials_rejected']);
    expect(JSON.stringify(body)).not.toContain('revoked-key');
  });

  it.each(['refusing', 'nowhere'])('a server that cannot be reached: %s', async (provider) => {
    for (const stream of [false, true]) {
      const id = randomUUID();
      const { status, body } = await ask(`${provider}/echo`, { stream }, id);
      expect([status, body.error.code]).toEqual([502, 'provider_failed']);
      expect(body.error.message).toBe(`${provider} could not be reached.`);
      const row = await usageRow(world.parley, id);
      expect(row).toMatchObject({ outcome: 'error', error_code: 'provider_failed', input_tokens: 0, estimated: false });
    }
  });

  it.each([
    ['as long as the caller says', { timeout_ms: 200 }, '0.2 s'],
    ['at most as long as an attempt may take', {}, '1.5 s'],
    ['and never longer, whatever the caller says', { timeout_ms: 60_000 }, '1.5 s'],
  ])('a server that is silent is waited for %s', async (_, more, told) => {
    const waits = ['openai', 'anthropic', 'vllm'].flatMap((provider) =>
      [false, true].map(async (stream) => {
        const id = randomUUID();
        const { status, body, headers } = await ask(`${provider}/hang`, { stream, ...more }, id);
        expect([status, body.error.type, body.error.code]).toEqual([504, 'upstream_error', 'upstream_timeout']);
        expect(body.error.message).toBe(`${provider} did not answer within ${told}.`);
        expect(headers.get('x-should-retry')).toBeNull();
        const row = await usageRow(world.parley, id);
        expect(row).toMatchObject({ outcome: 'error', error_code: 'upstream_timeout', estimated: true });
        expect(row.input_tokens).toBeGreaterThan(0);
      }),
    );
    await Promise.all(waits);
    expect(world.openai.open() + world.anthropic.open()).toBe(0);
  });

  it('also bounds an answer that goes on and on', async () => {
    const { status, body } = await ask('openai/slow-100', { timeout_ms: 350 });
    expect([status, body.error.code]).toEqual([504, 'upstream_timeout']);
  });

  it.each([0, -1, 1.5, '100', 86_400_001])('refuses timeout_ms: %p', async (timeout_ms) => {
    expect((await ask('openai/echo', { timeout_ms })).body.error).toMatchObject({ param: 'timeout_ms' });
  });

  describe('what providers are told', () => {
    const lastHeaders = async (model: string) => {
      const id = randomUUID();
      expect((await ask(model, {}, id)).status).toBe(200);
      const { headers, body } = world[model.startsWith('anthropic') ? 'anthropic' : 'openai'].requests.at(-1)!;
      expect(headers['x-request-id']).toBe(id);
      // Nothing of the caller's goes out.
      expect(JSON.stringify(headers)).not.toContain(alice.token);
      expect(headers).not.toHaveProperty('cookie');
      return { headers, body };
    };

    it.each([
      ['openai/echo', { authorization: `Bearer ${PROVIDER_KEYS.OPENAI_API_KEY}` }],
      ['anthropic/echo', { 'x-api-key': PROVIDER_KEYS.ANTHROPIC_API_KEY, 'anthropic-version': expect.any(String) }],
      ['vllm/echo', { authorization: `Bearer ${KEYS.LOCAL_KEY}` }],
      [
        'openrouter/vendor/echo',
        {
          authorization: `Bearer ${KEYS.OPENROUTER_API_KEY}`,
          'http-referer': expect.stringMatching(/^https?:/),
          'x-title': 'Parley',
        },
      ],
    ])('%s: its own key and the request id', async (model, expected) => {
      expect((await lastHeaders(model)).headers).toMatchObject(expected);
    });

    it('no key where there is none', async () => {
      // The fake upstream answers 401 to a request without a key, which is what is looked for here.
      await ask('keyless/echo');
      expect(world.openai.requests.at(-1)!.headers).not.toHaveProperty('authorization');
    });

    it('in their own words: OpenRouter has no `n`, and names its fields differently', async () => {
      const body = { max_completion_tokens: 9, reasoning_effort: 'high' };
      expect((await ask('openrouter/vendor/echo', body)).status).toBe(200);
      expect(world.openai.requests.at(-1)!.body).toMatchObject({
        model: 'vendor/echo',
        max_tokens: 9,
        reasoning: { effort: 'high' },
        usage: { include: true },
      });
      const refused = await ask('openrouter/vendor/echo', { n: 2 });
      expect([refused.status, refused.body.error.param]).toEqual([400, 'n']);
    });
  });

  // Last, over everything that was said above.
  it('shows no secret in any log line, and the reason of every failure', () => {
    const logs = world.parley.logs.join('\n');
    for (const secret of [...Object.values(PROVIDER_KEYS), ...Object.values(KEYS), REVOKED, alice.token]) {
      expect(logs).not.toContain(secret);
    }
    expect(logs).not.toMatch(/fakefake/);
    expect(logs).toMatch(/provider_failed: openai failed\. \(500: .*trace 4711/); // whoever runs it needs to know
    expect(logs).toMatch(/ECONNREFUSED/);
  });
});
