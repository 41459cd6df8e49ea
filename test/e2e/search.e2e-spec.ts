import { randomUUID } from 'node:crypto';
import { type UsageRow } from '../support/ledger';
import { type TestCollection, TestSearch } from '../support/rag';
import { dist } from '../support/dist';
import { FakeReranker } from '../support/reranker';
import { until } from '../support/until';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

type HashModule = typeof import('../../src/providers/hash-embedding.codec');

const TEXTS = [
  'A lamp.',
  'The lamp needs another bulb now.',
  'Lamp and lamp again, says the manual.',
  'Lunch is at noon.',
];
const BY_LENGTH = [...TEXTS].slice(0, 3).sort((a, b) => b.length - a.length);

describe('POST /v1/collections/{id}/search', () => {
  let world: World;
  let reranker: FakeReranker;
  let search: TestSearch;
  let alice: TestUser;
  let collection: TestCollection;
  beforeAll(async () => {
    reranker = await FakeReranker.start();
    world = await startWorld({
      yaml: [
        'rerankers:',
        `  - { id: cohere, url: '${reranker.url}', api_key: rk-1, model: rerank-v4, price_per_search: '0.002', timeout: 1s }`,
        `  - { id: unpriced, url: '${reranker.url}', model: rerank-own }`,
        'retry: { attempts: 1 }',
        'tiers: { small: { requests_per_minute: 2 } }',
      ].join('\n'),
      env: { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery' },
    });
    search = await TestSearch.on(world.parley.database);
    alice = await world.parley.user();
    collection = await search.collection({ workspaceId: alice.workspaceId, userId: alice.id });
    await search.document(collection, TEXTS, { title: 'Manual', metadata: { year: 2024, tags: ['a', 'b'] } });
    await search.document(collection, ['A lamp from the past.'], { title: 'Archive', metadata: { year: 1999 } });
    await search.document(collection, ['A lamp to come.'], { title: 'Draft', unpublished: true });
  });
  beforeEach(() => {
    reranker.fault = null;
    reranker.asked.length = 0;
  });
  afterAll(async () => {
    await search.close();
    await world.stop();
    await reranker.stop();
  });

  const ask = (fields: object, who = alice, id = collection.id) =>
    who.post(`/v1/collections/${id}/search`, { query: 'lamp', mode: 'text', ...fields });
  const manual = { filter: { title: 'Manual' } };

  it('answers passages that say where they are from, and what is not searched yet', async () => {
    const { status, body } = await ask({ query: 'bulb', k: 1 });
    expect(status).toBe(200);
    expect(body).toEqual({
      data: [
        {
          chunk_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          document_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          collection_id: collection.id,
          title: 'Manual',
          url: null,
          text: TEXTS[1],
          page: null,
          start: expect.any(Number),
          end: expect.any(Number),
          heading_path: [],
          score: expect.any(Number),
          text_score: expect.any(Number),
          vector_score: null,
        },
      ],
      not_ready: [{ id: expect.any(String), title: 'Draft', status: 'running' }],
      rerank: null,
    });
    const [{ score, text_score }] = body.data;
    expect(score).toBe(text_score);
  });

  it('finds by the vectors of the collection’s own model, for which each word counts by how rare it is', async () => {
    const { hashEmbedding } = dist('providers/hash-embedding.codec') as HashModule;
    const own = await search.collection({ workspaceId: alice.workspaceId, userId: alice.id });
    await search.db.query(
      `UPDATE collection_indexes SET embedding_model = 'local/hash-384', dimensions = 384 WHERE id = $1`,
      [own.indexId],
    );
    const texts = ['restoring snapshots of the cluster', 'the cluster of the clusters', 'of the lunch and the dinner'];
    const write = { id: own.indexId, workspaceId: alice.workspaceId, collectionId: own.id, dimensions: 384 };
    const id = await search.document(own, [], { title: 'Guide' });
    const chunks = texts.map((text, i) => ({
      text,
      start: 100 * i,
      end: 100 * i + text.length,
      tokens: 6,
      page: null,
      headingPath: [],
      blanks: '',
    }));
    await search.put(
      write,
      { id, title: 'Guide', language: 'en' },
      chunks,
      texts.map((text) => hashEmbedding(text)),
    );
    for (const mode of ['vector', 'hybrid']) {
      const { status, body } = await ask({ query: 'how do I restore the snapshot of a cluster', mode }, alice, own.id);
      expect(status).toBe(200);
      expect(body.data[0]).toMatchObject({ text: texts[0], vector_score: expect.any(Number) });
      expect(body.data[0].score).toBeGreaterThan(0.3);
    }
    // A query of nothing but words that stand everywhere is one all the same.
    expect((await ask({ query: 'of the', mode: 'vector' }, alice, own.id)).status).toBe(200);
  });

  it('searches the documents that a filter tells', async () => {
    const titles = async (filter: object) => [
      ...new Set((await ask({ filter })).body.data.map(({ title }: { title: string }) => title)),
    ];
    expect(await titles({ year: { lt: 2000 } })).toEqual(['Archive']);
    expect(await titles({ tags: 'b' })).toEqual(['Manual']);
    expect(await titles({ or: [{ tags: 'b' }, { year: 1999 }], not: { title: 'Manual' } })).toEqual(['Archive']);
  });

  it.each([
    ['no query', { query: undefined }, 'query'],
    ['an empty query', { query: '' }, 'query'],
    ['too long a query', { query: 'x'.repeat(8_001) }, 'query'],
    ['too many passages', { k: 101 }, 'k'],
    ['no passage', { k: 0 }, 'k'],
    ['an unknown mode', { mode: 'fuzzy' }, 'mode'],
    ['an unknown field', { top_k: 3 }, 'top_k'],
    ['a filter that is none', { filter: { year: { about: 3 } } }, 'filter.year.about'],
    ['a filter that is a list', { filter: [] }, 'filter'],
    ['an unknown reranker', { rerank: { by: 'magic' } }, 'rerank.by'],
    ['a reranker without a name', { rerank: {} }, 'rerank.by'],
  ])('refuses %s by name', async (_, fields, param) => {
    const { status, body } = await ask(fields);
    expect([status, body.error.code, body.error.param]).toEqual([400, 'validation_failed', param]);
  });

  it('knows no collection of others, nor one that is none', async () => {
    const bob = await world.parley.user();
    for (const [who, id] of [
      [bob, collection.id],
      [alice, randomUUID()],
      [alice, 'not-an-id'],
    ] as const) {
      const { status, body } = await ask({}, who, id);
      expect([status, body.error.code]).toEqual([404, 'collection_not_found']);
    }
  });

  it('wants the scope documents:read of a narrowed key', async () => {
    const withKey = async (scopes: string[]) =>
      world.parley.anonymous().with({ authorization: `Bearer ${await alice.apiKey({ scopes })}` });
    expect((await ask({}, await withKey(['documents:read']))).status).toBe(200);
    const { status, body } = await ask({}, await withKey(['chat']));
    expect([status, body.error.code]).toEqual([403, 'insufficient_scope']);
  });

  it('counts against the limits of the caller’s tier', async () => {
    const carol = await world.parley.user();
    const own = await search.collection({ workspaceId: carol.workspaceId, userId: carol.id });
    const { body: tokens } = await world.parley
      .anonymous()
      .post('/v1/auth/login', { email: 'admin@example.com', password: 'correct horse battery' });
    const admin = world.parley.anonymous().with({ authorization: `Bearer ${tokens.access_token}` });
    expect((await admin.patch(`/v1/admin/users/${carol.id}`, { tier: 'small' })).status).toBe(200);
    const asked = [await ask({}, carol, own.id), await ask({}, carol, own.id), await ask({}, carol, own.id)];
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(asked[1]!.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  });

  describe('with a reranker', () => {
    const texts = ({ data }: any): string[] => data.map(({ text }: { text: string }) => text);
    const searches = () =>
      world.parley.database.query<UsageRow>(
        `SELECT * FROM usage WHERE kind = 'search' AND workspace_id = $1 ORDER BY at`,
        [alice.workspaceId],
      );

    it('has the order of its answer, and is billed what it costs', async () => {
      const before = (await searches()).length;
      const { body } = await ask({ ...manual, rerank: { by: 'cohere' } });
      expect(texts(body)).toEqual(BY_LENGTH);
      expect(body.data[0].score).toBe(1);
      expect(body.rerank).toEqual({ by: 'cohere', applied: true, reason: null });
      const [{ headers, body: sent }] = reranker.asked as [any];
      expect(headers.authorization).toBe('Bearer rk-1');
      expect(sent).toMatchObject({ model: 'rerank-v4', query: 'lamp', top_n: 3 });
      const rows = await until(searches, (all) => all.length > before);
      expect(rows.at(-1)).toMatchObject({
        provider: 'cohere',
        model: 'rerank-v4',
        cost_usd: '0.002000000000',
        outcome: 'success',
      });
    });

    it.each([
      ['refuses', 503, 'The reranker cohere answered 503.'],
      ['answers nonsense', 'nonsense', 'The reranker cohere answered something else than results.'],
      ['does not answer', 'silence', 'The reranker cohere did not answer within 1 s.'],
    ] as const)('that %s, keeps the order of the search and says so, for nothing', async (_, fault, reason) => {
      const plain = await ask(manual);
      reranker.fault = fault;
      const { status, body } = await ask({ ...manual, rerank: { by: 'cohere' } });
      expect([status, body.rerank]).toEqual([200, { by: 'cohere', applied: false, reason }]);
      expect(body.data).toEqual(plain.body.data);
      const rows = await until(searches, (all) => all.some(({ outcome }) => outcome === 'error'));
      for (const { outcome, cost_usd } of rows) if (outcome === 'error') expect(Number(cost_usd)).toBe(0);
    });

    it('is not asked beyond a budget, nor for a price nobody knows', async () => {
      const dave = await world.parley.user();
      const own = await search.collection({ workspaceId: dave.workspaceId, userId: dave.id });
      await search.document(own, TEXTS);
      const subject = { type: 'workspace', id: dave.workspaceId };
      await dave.put('/v1/budgets', { subject, period: 'total', limit_usd: '0.003' });
      expect((await ask({ rerank: { by: 'cohere' } }, dave, own.id)).status).toBe(200);
      const second = await ask({ rerank: { by: 'cohere' } }, dave, own.id);
      expect([second.status, second.body.error.code]).toEqual([429, 'budget_exceeded']);
      const other = await ask({ rerank: { by: 'unpriced' } }, dave, own.id);
      expect([other.status, other.body.error.code]).toEqual([400, 'model_unpriced']);
      expect(reranker.asked).toHaveLength(1);
      const { body } = await dave.get('/v1/usage/limits');
      expect(body.budgets[0]).toMatchObject({ spent_usd: '0.002000', reserved_usd: '0.000000' });
    });

    it('that is a model, has the order of its judgement, and is billed as a call', async () => {
      const plain = await ask(manual);
      const { body } = await ask({ ...manual, rerank: { by: 'llm', model: 'openai/judge' } });
      expect(texts(body)).toEqual(texts(plain.body).reverse());
      expect(body.rerank).toEqual({ by: 'llm', applied: true, reason: null });
      const rows = await until(searches, (all) => all.some(({ model }) => model === 'judge'));
      expect(rows.find(({ model }) => model === 'judge')).toMatchObject({
        provider: 'openai',
        outcome: 'success',
      });
    });

    it('that is a model which says something else, or fails, changes nothing and says so', async () => {
      const plain = await ask(manual);
      for (const model of ['openai/words-3', 'openai/status-500', 'openai/cut-after-1']) {
        const { body } = await ask({ ...manual, rerank: { by: 'llm', model } });
        expect(body.rerank).toEqual({ by: 'llm', applied: false, reason: expect.stringMatching(/.{10,}/) });
        expect(body.data).toEqual(plain.body.data);
      }
      const { status, body } = await ask({ ...manual, rerank: { by: 'llm', model: 'nobody/knows' } });
      expect([status, body.error.code]).toEqual([400, 'model_not_found']);
    });
  });
});
