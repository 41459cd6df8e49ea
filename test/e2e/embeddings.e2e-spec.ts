import { randomUUID } from 'node:crypto';
import type OpenAI from 'openai';
import { noLeases, usageRows } from '../support/ledger';
import { until } from '../support/until';
import { vectorOf } from '../support/upstreams/embeddings';
import { type Answer, type TestUser } from '../support/user';
import { sdk, startWorld, type World } from '../support/world';

const YAML = `
models:
  - { id: openai/words-1, embedding: { dimensions: 8, max_inputs: 2 }, price: { input_per_mtok: "1000" } }
  - { id: openai/hang, embedding: { dimensions: 8, max_inputs: 2 }, price: { input_per_mtok: "1000" } }
keys: { openai: [ sk-first, sk-revoked, sk-third ] }
routes:
  vectors: { targets: [ { model: openai/words-1 }, { model: local/hash-384 } ] }
  one: { targets: [ { model: openai/words-1 } ] }
  roomy: { targets: [ { model: openai/words-1 } ], on_context_overflow: [ local/hash-384 ] }
tiers:
  narrow: { tokens_per_minute: 100 }
retry: { base: 10ms, cap: 20ms }
`;

describe('POST /v1/embeddings', () => {
  let world: World;
  let alice: TestUser;
  let client: OpenAI;
  beforeAll(async () => {
    world = await startWorld({ yaml: YAML });
    alice = await world.parley.user();
    client = await sdk(alice);
  });
  afterAll(() => world.stop());

  const embed = (user: TestUser, model: string, input: unknown, more: object = {}, headers = {}): Promise<Answer> =>
    user.post('/v1/embeddings', { model, input, ...more }, { headers });
  const vectors = ({ body }: Answer): number[][] => body.data.map((one: { embedding: number[] }) => one.embedding);
  const asExpected = (input: string) => Array.from(vectorOf(JSON.stringify(input), 8));
  const received = () => world.openai.requests.at(-1)!;

  it('serves the official SDK, which asks for base64', async () => {
    const { data, response } = await client.embeddings
      .create({ model: 'openai/words-1', input: ['one', 'two', 'three'] })
      .withResponse();
    expect(data).toMatchObject({
      object: 'list',
      model: 'openai/words-1',
      usage: { prompt_tokens: 30, total_tokens: 30 },
    });
    expect(data.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(data.data.map(({ embedding }) => embedding)).toEqual(['one', 'two', 'three'].map(asExpected));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-parley-provider': 'openai',
      'x-parley-model': 'openai/words-1',
      'x-parley-cost-usd': '0.030000',
      'x-parley-cache': 'off',
    });
  });

  it('answers in numbers too, and passes on what else was asked for', async () => {
    const answer = await embed(alice, 'openai/embed', 'Hello', { dimensions: 4, user: 'u1', input_type: 'query' });
    expect(answer.body).toMatchObject({ data: [{ object: 'embedding', index: 0 }], model: 'openai/embed' });
    expect(vectors(answer)).toEqual([Array.from(vectorOf('"Hello"', 4))]);
    expect(received().body).toEqual({
      model: 'embed',
      input: ['Hello'],
      dimensions: 4,
      user: 'u1',
      input_type: 'query',
      encoding_format: 'base64',
    });
    expect(received().headers['x-request-id']).toBe(answer.headers.get('x-request-id'));
  });

  it('passes tokens on', async () => {
    await embed(alice, 'openai/embed', [15339, 1917]);
    expect(received().body['input']).toEqual([[15339, 1917]]);
    const two = await embed(alice, 'openai/embed', [[15339], [1917]]);
    expect([received().body['input'], two.body.data.length]).toEqual([[[15339], [1917]], 2]);
  });

  it('needs no key for local/hash-384', async () => {
    const { data } = await client.embeddings.create({
      model: 'local/hash-384',
      input: ['Invoices are due within thirty days.', 'When is an invoice due?', 'Cats sleep all day.'],
    });
    const [passage, question, other] = data.map(({ embedding }) => embedding);
    const likeness = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    expect(passage).toHaveLength(384);
    expect(likeness(question!, passage!)).toBeGreaterThan(likeness(question!, other!));
    const answer = await embed(alice, 'hash-384', 'three short words');
    expect(answer.body.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    expect(answer.headers.get('x-parley-cost-usd')).toBe('0.000000');
  });

  it('lists embedding models with what they can', async () => {
    const model = (await alice.get('/v1/models/local%2Fhash-384')).body;
    expect(model).toMatchObject({ capabilities: ['embeddings'], dimensions: 384, pricing: { input_per_mtok: '0.00' } });
    const small = (await alice.get('/v1/models/openai%2Ftext-embedding-3-small')).body;
    expect(small).toMatchObject({
      capabilities: ['embeddings'],
      dimensions: 1536,
      context_window: 8192,
      pricing: { input_per_mtok: '0.02' },
    });
    const ids = (await alice.get('/v1/models')).body.data.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining(['local/hash-384', 'openai/text-embedding-3-large', 'openai/words-1']));
  });

  it.each<[string, string, unknown, object, string, string]>([
    ['an empty text', 'local/hash-384', '', {}, 'validation_failed', 'not empty'],
    ['an empty text among others', 'local/hash-384', ['a', ''], {}, 'validation_failed', 'input[1]'],
    ['no inputs', 'local/hash-384', [], {}, 'validation_failed', 'a list of 1 to'],
    ['too many inputs', 'local/hash-384', Array(2049).fill('a'), {}, 'validation_failed', '2048'],
    ['numbers that are no tokens', 'openai/embed', [1.5], {}, 'validation_failed', 'input'],
    ['another kind of input', 'openai/embed', { text: 'a' }, {}, 'validation_failed', 'expected text'],
    ['tokens for words', 'local/hash-384', [1, 2], {}, 'unsupported_parameter', 'not tokens'],
    [
      'an unknown field for one that can’t',
      'local/hash-384',
      'a',
      { input_type: 'query' },
      'unsupported_parameter',
      'input_type',
    ],
    ['dimensions it has not', 'local/hash-384', 'a', { dimensions: 100 }, 'unsupported_parameter', 'dimensions'],
    ['more dimensions than it has', 'openai/words-1', 'a', { dimensions: 100 }, 'unsupported_parameter', 'at most 8'],
    ['a model that chats', 'openai/gpt-4o', 'a', {}, 'unsupported_parameter', 'makes no embeddings'],
    [
      'a provider without embeddings',
      'anthropic/claude-sonnet-4-5',
      'a',
      {},
      'unsupported_parameter',
      'makes no embeddings',
    ],
    ['a route of several models', 'vectors', 'a', {}, 'unsupported_parameter', 'several models'],
    ['a route with another model for long texts', 'roomy', 'a', {}, 'unsupported_parameter', 'several models'],
    ['fallbacks', 'local/hash-384', 'a', { fallbacks: ['openai/embed'] }, 'unsupported_parameter', 'fallbacks'],
    ['an unknown model', 'local/other', 'a', {}, 'model_not_found', 'no model'],
  ])('refuses %s', async (_, model, input, more, code, message) => {
    const { status, body } = await embed(alice, model, input, more);
    expect([status, body.error.code]).toEqual([400, code]);
    expect(JSON.stringify(body.error)).toContain(message);
  });

  it('refuses an embedding model to chats', async () => {
    for (const model of ['local/hash-384', 'openai/text-embedding-3-small']) {
      const { status, body } = await alice.post('/v1/chat', { message: 'Hi', model });
      expect([status, body.error.code, body.error.param]).toEqual([400, 'unsupported_parameter', 'model']);
    }
  });

  it('takes a route of one model', async () => {
    expect(vectors(await embed(alice, 'one', 'a'))).toEqual([asExpected('a')]);
  });

  it('is for those with the scope and the model', async () => {
    const with_ = async (fields: object) => alice.with({ 'x-api-key': await alice.apiKey(fields) });
    expect((await embed(await with_({ scopes: ['embeddings'] }), 'local/hash-384', 'a')).status).toBe(200);
    expect((await embed(await with_({ scopes: ['chat'] }), 'local/hash-384', 'a')).body.error.code).toBe(
      'insufficient_scope',
    );
    const narrow = await with_({ allowed_models: ['openai/*'] });
    expect((await embed(narrow, 'local/hash-384', 'a')).body.error.code).toBe('model_not_allowed');
  });

  it('is billed by kind, as the provider counts', async () => {
    const bob = await world.parley.user();
    const answer = await embed(bob, 'openai/words-1', ['a', 'b', 'c']);
    expect(answer.headers.get('x-parley-attempts')).toBe('2'); // two inputs at a time
    const rows = await usageRows(world.parley, answer.headers.get('x-request-id')!);
    expect(
      rows.map(({ kind, input_tokens, output_tokens, cost_usd, outcome }) => [
        kind,
        input_tokens,
        output_tokens,
        cost_usd,
        outcome,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['embeddings', 20, 0, '0.020000000000', 'success'],
        ['embeddings', 10, 0, '0.010000000000', 'success'],
      ]),
    );
    expect((await bob.usage('?group_by=kind')).data).toMatchObject([
      { kind: 'embeddings', input_tokens: 30, cost_usd: '0.030000', errors: 0 },
    ]);
  });

  it('estimates what no provider counts', async () => {
    const answer = await embed(alice, 'openai/no-usage', 'The quick brown fox jumps over the lazy dog.');
    const [row] = await usageRows(world.parley, answer.headers.get('x-request-id')!);
    expect(row).toMatchObject({ estimated: true, input_tokens: 10, outcome: 'success' });
    expect(answer.body.usage.prompt_tokens).toBe(10);
  });

  it('reserves before it calls: a budget without room is not overdrawn', async () => {
    const bob = await world.parley.user();
    const subject = { type: 'workspace', id: bob.workspaceId };
    await bob.put('/v1/budgets', { subject, period: 'total', limit_usd: '0.03' });
    expect((await embed(bob, 'openai/words-1', ['one', 'two'])).status).toBe(200);
    const before = world.openai.requests.length;
    const { status, body } = await embed(bob, 'openai/words-1', 'word '.repeat(40));
    expect([status, body.error.code]).toEqual([429, 'budget_exceeded']);
    expect(world.openai.requests.length).toBe(before);
    const [budget] = (await bob.get('/v1/budgets')).body.data;
    expect(budget).toMatchObject({ spent_usd: '0.020000', reserved_usd: '0.000000' });
    expect((await embed(bob, 'openai/embed', 'a')).body.error.code).toBe('model_unpriced');
    expect((await embed(bob, 'local/hash-384', 'a')).status).toBe(200);
  });

  it('bills what left when its client leaves, and lets go of the rest', async () => {
    const gone = new AbortController();
    const requestId = randomUUID();
    const before = world.openai.requests.length;
    const asked = alice.post(
      '/v1/embeddings',
      { model: 'openai/hang', input: Array(20).fill('some text') },
      { headers: { 'x-request-id': requestId }, signal: gone.signal },
    );
    await until(
      () => Promise.resolve(world.openai.requests.length),
      (count) => count >= before + 4,
    );
    gone.abort();
    await expect(asked).rejects.toThrow();
    const rows = await usageRows(world.parley, requestId);
    expect(rows).toHaveLength(4); // so many at once
    for (const row of rows)
      expect(row).toMatchObject({ outcome: 'cancelled', estimated: true, input_tokens: 4, kind: 'embeddings' });
    await until(
      () => Promise.resolve(world.openai.open()),
      (open) => open === 0,
    );
    expect(world.openai.requests.length).toBe(before + 4);
  });

  it('tries again, with another key where the key was at fault', async () => {
    const name = randomUUID();
    const answer = await embed(alice, `openai/${name}~status-500~status-503~echo`, 'a');
    expect([answer.status, answer.headers.get('x-parley-attempts')]).toEqual([200, '3']);
    const keys = new Set<string | undefined>();
    for (let i = 0; i < 4; i++) {
      expect((await embed(alice, 'openai/embed', 'a')).status).toBe(200);
      keys.add(received().headers.authorization);
    }
    expect([...keys].sort()).toEqual(['Bearer sk-first', 'Bearer sk-third']);
  });

  it.each([
    ['status-400', 400, 'provider_refused_request'],
    ['context-length', 400, 'context_length_exceeded'],
    ['status-404', 400, 'model_not_found'],
    ['cut-after-1', 502, 'upstream_truncated'],
    ['malformed-after-1', 502, 'provider_failed'],
    ['end-after-1', 502, 'provider_failed'],
  ])('tells a provider’s %s as %i %s', async (script, status, code) => {
    const answer = await embed(alice, `openai/${randomUUID()}~${script}`, ['a', 'b']);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  it('does not wait longer than it is told', async () => {
    const answer = await embed(alice, 'openai/hang', 'a', { timeout_ms: 200 });
    expect([answer.status, answer.body.error.code]).toEqual([504, 'upstream_timeout']);
  });

  it('is held to the tokens of a tier', async () => {
    const bob = await world.parley.user();
    await world.parley.database.query('UPDATE workspaces SET tier = $2 WHERE id = $1', [bob.workspaceId, 'narrow']);
    const first = await until(
      () => embed(bob, 'openai/words-1', 'some words'),
      ({ headers }) => headers.has('x-ratelimit-remaining-tokens'),
    );
    expect(first.headers.get('x-ratelimit-limit-tokens')).toBe('100');
    const { status, body } = await embed(bob, 'openai/words-1', 'word '.repeat(200));
    expect([status, body.error.code]).toEqual([429, 'rate_limit_exceeded']);
  });

  it('answers a repeat with the stored answer', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await embed(alice, 'openai/words-1', 'once', {}, key);
    const before = world.openai.requests.length;
    const again = await embed(alice, 'openai/words-1', 'once', {}, key);
    expect(again.body).toEqual(first.body);
    expect([again.headers.get('x-parley-idempotent-replay'), world.openai.requests.length]).toEqual(['true', before]);
  });

  it('leaves nothing open', async () => {
    await noLeases(world.parley);
    expect(await world.parley.database.query('SELECT FROM reservations')).toHaveLength(0);
  });
});
