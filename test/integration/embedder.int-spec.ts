import { randomUUID } from 'node:crypto';
import { AccessRules } from '../../src/platform/common/auth/access-rules';
import { type EmbedderService } from '../../src/rag/embedder.service';
import { dist } from '../support/dist';
import { type ServiceContext, startServices } from '../support/service-context';
import { until } from '../support/until';
import { vectorOf } from '../support/upstreams/embeddings';
import { startUpstream, type Upstream } from '../support/upstreams/upstream';

type EmbedderModule = typeof import('../../src/rag/embedder.service');
type HousekeepingModule = typeof import('../../src/rag/embeddings-housekeeping.processor');
type Payer = Awaited<ReturnType<ServiceContext['payer']>>;

const priced = (name: string, inputs: number) =>
  `  - { id: openai/${name}, embedding: { dimensions: 8, max_inputs: ${inputs} }, price: { input_per_mtok: "1000" } }`;
const YAML = `
models:
${['words-1', 'late-100-1', 'x~words-1~words-1~status-400'].map((name) => priced(name, 3)).join('\n')}
${priced('hang', 3)}
retry: { attempts: 1 }
routes:
  ours: { targets: [ { model: openai/words-1 } ] }
`;

describe('the embedder', () => {
  let upstream: Upstream;
  let services: ServiceContext;
  let embedder: EmbedderService;
  let alice: Payer;
  beforeAll(async () => {
    upstream = await startUpstream('openai');
    services = await startServices({ OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: upstream.url }, YAML);
    embedder = services.app.get((dist('rag/embedder.service') as EmbedderModule).EmbedderService);
  });
  afterAll(async () => {
    await services.stop();
    await upstream.close();
  });
  beforeEach(async () => {
    alice = await services.payer();
    upstream.requests.length = 0;
  });

  const embed = (payer: Payer, texts: string[], model = 'openai/words-1', more: object = {}) =>
    embedder.embed(payer, model, texts, {
      kind: 'indexing',
      requestId: randomUUID(),
      signal: new AbortController().signal,
      ...more,
    });
  const asked = () => upstream.requests.flatMap(({ body }) => body['input'] as string[]);
  const expected = (texts: string[]) => texts.map((text) => vectorOf(JSON.stringify(text), 8));
  const plain = (vectors: Float32Array[]) => vectors.map((vector) => Array.from(vector));
  const billed = (payer: Payer, rows: number) =>
    until(
      () =>
        services.database.query<{ kind: string; input_tokens: number; cost_usd: string; outcome: string }>(
          'SELECT kind, input_tokens, cost_usd, outcome FROM usage WHERE workspace_id = $1 ORDER BY id',
          [payer.workspaceId],
        ),
      ({ length }) => length >= rows,
    );

  it('pays for a text once in a workspace, whatever is around it', async () => {
    const first = await embed(alice, ['a', 'b', 'a', 'c']);
    expect(plain(first.vectors)).toEqual(plain(expected(['a', 'b', 'a', 'c'])));
    expect([first.tokens, first.cost]).toEqual([30, 30_000_000_000n]);
    expect(asked()).toEqual(['a', 'b', 'c']);

    const again = await embed(alice, ['c', 'new', 'a'], 'words-1');
    expect(plain(again.vectors)).toEqual(plain(expected(['c', 'new', 'a'])));
    expect([again.tokens, again.cost]).toEqual([10, 10_000_000_000n]);
    expect(await embed(alice, ['a', 'new'])).toMatchObject({ tokens: 0, cost: 0n });
    expect(asked()).toEqual(['a', 'b', 'c', 'new']);
    expect(await billed(alice, 2)).toMatchObject([
      { kind: 'indexing', input_tokens: 30, outcome: 'success' },
      { kind: 'indexing', input_tokens: 10, outcome: 'success' },
    ]);
  });

  it('knows a model by its route, for those who may use that', async () => {
    const rules = new AccessRules([{ allowed_models: ['ours'], max_tokens_per_request: null, allowed_ips: null }]);
    await embed({ ...alice, rules } as Payer, ['a'], 'ours');
    expect(await embed(alice, ['a'])).toMatchObject({ tokens: 0 });
    expect(embedder.nameOf({ rules }, 'ours')).toBe('openai/words-1');
  });

  it('shows no workspace what another has', async () => {
    const bob = await services.payer();
    await embed(alice, ['shared text']);
    const { tokens } = await embed(bob, ['shared text']);
    expect([tokens, asked()]).toEqual([10, ['shared text', 'shared text']]);
  });

  it('keeps what came before a failure', async () => {
    const model = 'openai/x~words-1~words-1~status-400';
    const texts = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
    await expect(embed(alice, texts, model)).rejects.toMatchObject({ code: 'provider_refused_request' });
    const paid = (await billed(alice, 1)).filter(({ input_tokens }) => input_tokens > 0);
    const kept = await services.database.query('SELECT FROM embedding_cache WHERE workspace_id = $1', [
      alice.workspaceId,
    ]);
    expect(kept.length).toBeGreaterThanOrEqual(3 * paid.filter(({ outcome }) => outcome === 'success').length);
    expect(kept.length).toBeLessThan(texts.length);
  });

  it('stops when it is told to, and bills what was under way', async () => {
    const stop = new AbortController();
    const texts = Array.from({ length: 60 }, (_, i) => `text ${i}`);
    const embedding = embed(alice, texts, 'openai/hang', { signal: stop.signal });
    await until(
      () => Promise.resolve(upstream.open()),
      (open) => open === 4,
    );
    stop.abort(new Error('cancelled'));
    await expect(embedding).rejects.toThrow('cancelled');
    await until(
      () => Promise.resolve(upstream.open()),
      (open) => open === 0,
    );
    expect(await billed(alice, 4)).toHaveLength(4);
    expect(await services.database.query('SELECT FROM call_leases')).toHaveLength(0);
  });

  it('costs nothing and is not remembered when it is made here', async () => {
    const texts = Array.from({ length: 2_500 }, (_, i) => `text ${i}`);
    const { vectors, cost } = await embed(alice, texts, 'local/hash-384');
    expect([vectors.length, vectors[0]?.length, cost]).toEqual([2500, 384, 0n]);
    const rows = await billed(alice, 10);
    expect(rows.reduce((sum, { input_tokens }) => sum + input_tokens, 0)).toBe(5_000);
    expect(new Set(rows.map(({ cost_usd }) => Number(cost_usd)))).toEqual(new Set([0]));
    expect(
      await services.database.query('SELECT FROM embedding_cache WHERE workspace_id = $1', [alice.workspaceId]),
    ).toEqual([]);
  });

  it('lets a query weigh its words where the model does', async () => {
    expect(embedder.wordsOf('openai/words-1', 'Some words')).toBeNull();
    expect(embedder.wordsOf('local/hash-384', 'Some Wörds, some')).toEqual(['some', 'words']);
    const of = async (weights?: Map<string, number>) =>
      (await embed(alice, ['rare common'], 'local/hash-384', { kind: 'search', weights })).vectors[0]!;
    const [even, odd, rare] = [
      await of(),
      await of(new Map([['rare', 9]])),
      (await embed(alice, ['rare'], 'local/hash-384')).vectors[0]!,
    ];
    const likeness = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    expect(likeness(odd, rare)).toBeGreaterThan(likeness(even, rare));
  });

  it('knows its models, and who may use them', () => {
    expect(embedder.dimensionsOf('local/hash-384')).toBe(384);
    expect(embedder.dimensionsOf('openai/text-embedding-3-large')).toBe(3072);
    expect(
      ['openai/unheard-of', 'openai/gpt-4o', 'nobody/nothing'].map((model) => embedder.dimensionsOf(model)),
    ).toEqual([null, null, null]);
    expect(embedder.nameOf({}, 'hash-384')).toBe('local/hash-384');
    expect(() => embedder.nameOf({}, 'openai/gpt-4o')).toThrow(/makes no embeddings/);
    const rules = new AccessRules([{ allowed_models: ['openai/*'], max_tokens_per_request: null, allowed_ips: null }]);
    expect(() => embedder.nameOf({ rules }, 'local/hash-384')).toThrow(/not among the models/);
  });

  it('forgets what nobody has needed for ninety days', async () => {
    await embed(alice, ['old', 'used', 'new']);
    const age = (text: string, days: number) =>
      services.database.query(
        `UPDATE embedding_cache SET last_used_at = now() - make_interval(days => $2)
         WHERE workspace_id = $3 AND sha256 = sha256($1::text::bytea)`,
        [text, days, alice.workspaceId],
      );
    await age('old', 91);
    await age('used', 91);
    await embed(alice, ['used']);
    const { EmbeddingsHousekeeping } = dist('rag/embeddings-housekeeping.processor') as HousekeepingModule;
    expect(await services.app.get(EmbeddingsHousekeeping).process()).toEqual({ embeddings: 1 });
    upstream.requests.length = 0;
    await embed(alice, ['old', 'used', 'new']);
    expect(asked()).toEqual(['old']);
  });
});
