import { randomUUID } from 'node:crypto';
import { noLeases, usageRow } from '../support/ledger';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const YAML = `
models:
  - { id: openai/cached, price: { input_per_mtok: "0.15", output_per_mtok: "0.60", cached_input_per_mtok: "0.075" } }
  - { id: anthropic/cached, price: { input_per_mtok: "3", output_per_mtok: "15", cached_input_per_mtok: "0.3", cache_write_per_mtok: "3.75" } }
  - { id: openai/words-7, price: { input_per_mtok: "0.000001", output_per_mtok: "0.000003" } }
  - { id: openai/words-2, price: { input_per_mtok: 999999, output_per_mtok: 999999.999999 } }
  - { id: openai/reasoning, price: { input_per_mtok: 1, output_per_mtok: 10 } }
  - { id: openai/cut-after-4, price: { input_per_mtok: 2, output_per_mtok: 8 } }
  - { id: openai/status-500, price: { input_per_mtok: 2, output_per_mtok: 8 } }
`;

/** USD of tokens at prices in millionths of a USD per million tokens: whole units of 10⁻¹² USD, so nothing is rounded. */
const usd = (...items: [tokens: number, microUsdPerMillion: number][]): string => {
  const units = items.reduce((sum, [tokens, price]) => sum + BigInt(tokens) * BigInt(price), 0n);
  const text = units.toString().padStart(13, '0');
  return `${text.slice(0, -12)}.${text.slice(-12)}`;
};
/** As the API says it: at least six decimals. */
const told = (exact: string) => exact.replace(/0{1,6}$/, '');

describe('usage', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => (world = await startWorld({ yaml: YAML })));
  beforeEach(async () => (alice = await world.parley.user()));
  afterEach(() => noLeases(world.parley));
  afterAll(() => world.stop());

  const ask = async (who: TestUser, model: string, more: object = {}) => {
    const id = randomUUID();
    const body = { message: 'Hello big world', model, ...more };
    const answer = await who.post('/v1/chat', body, { headers: { 'x-request-id': id } });
    return { id, answer };
  };

  describe('cost', () => {
    // One message is 10 tokens, a word is one. `cached`: 6 of the 10 were cached and, at Anthropic, 2 written.
    it.each([
      ['openai/cached', usd([4, 150_000], [6, 75_000], [3, 600_000])],
      ['anthropic/cached', usd([2, 3_000_000], [6, 300_000], [2, 3_750_000], [3, 15_000_000])],
      ['openai/gpt-4o-mini', usd([10, 150_000], [3, 600_000])], // the library's price
      ['anthropic/claude-3-5-haiku-latest', usd([10, 800_000], [3, 4_000_000])],
      ['anthropic/claude-sonnet-4-5/cached', usd([2, 3_000_000], [6, 300_000], [2, 3_750_000], [3, 15_000_000])],
      ['openai/words-7', usd([10, 1], [7, 3])],
      ['openai/words-2', usd([10, 999_999_000_000], [2, 999_999_999_999])],
      ['openai/reasoning', usd([10, 1_000_000], [3, 10_000_000])], // two of the three are reasoning
      ['demo/echo', usd()],
    ])('of %s is exact to the last digit: %s', async (model, exact) => {
      const { id, answer } = await ask(alice, model);
      expect(answer.body).toMatchObject({ cost_usd: told(exact), unpriced: false });
      expect(answer.headers.get('x-parley-cost-usd')).toBe(told(exact));
      expect(await usageRow(world.parley, id)).toMatchObject({ cost_usd: exact, estimated: false, outcome: 'success' });
      const { totals } = await alice.usage();
      expect(totals).toMatchObject({ requests: 1, cost_usd: told(exact), unpriced: 0, errors: 0 });
    });

    it('is unknown, not zero, where no price is known', async () => {
      const { id, answer } = await ask(alice, 'openai/echo');
      expect(answer.body).toMatchObject({ cost_usd: null, unpriced: true });
      expect(answer.headers.has('x-parley-cost-usd')).toBe(false);
      expect(await usageRow(world.parley, id)).toMatchObject({ cost_usd: null, input_tokens: 10, output_tokens: 3 });
      expect((await alice.usage()).totals).toMatchObject({ requests: 1, unpriced: 1, cost_usd: '0.000000' });
    });

    it('is estimated for an answer cut short, and nothing for one refused', async () => {
      const cut = await ask(alice, 'openai/cut-after-4', { message: 'x'.repeat(400) });
      expect(cut.answer.status).toBe(502);
      // Not streamed, so nothing was heard of the answer: the prompt's 50 tokens and its framing are all there is.
      const row = await usageRow(world.parley, cut.id);
      expect(row).toMatchObject({ estimated: true, input_tokens: 57, output_tokens: 0 });
      expect(row.cost_usd).toBe(usd([57, 2_000_000]));
      const refused = await ask(alice, 'openai/status-500');
      expect(await usageRow(world.parley, refused.id)).toMatchObject({ cost_usd: usd(), input_tokens: 0 });
      expect((await alice.usage()).totals).toMatchObject({
        requests: 2,
        errors: 2,
        cost_usd: told(usd([57, 2_000_000])),
      });
    });

    it('of a request refused before any provider was asked is no row at all', async () => {
      for (const [model, more] of [
        ['demo/none', {}],
        ['anthropic/echo', { seed: 1 }],
        ['openai/echo', { temperature: 9 }],
      ] as const) {
        expect((await ask(alice, model, more)).answer.status).toBe(400);
      }
      expect((await alice.usage()).totals.requests).toBe(0);
    });
  });

  it('has one row per call, of every kind of request', async () => {
    const conversation = await alice.conversation();
    const model = 'openai/gpt-4o-mini';
    const requests = [{ message: 'a', model }, { message: 'b', model }, { bad: true }];
    await alice.post('/v1/chat/batch', { requests });
    await alice.stream('/v1/chat/stream', { message: 'c', model });
    await alice.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'd' }], model, n: 3 });
    await alice.post(`/v1/conversations/${conversation}/chat`, { content: 'e', model });
    await alice.stream(`/v1/conversations/${conversation}/stream`, { content: 'f', model });
    const { totals } = await alice.usage();
    // 10 a message (the last turn sends three), and one word each, three times for n = 3.
    expect(totals).toMatchObject({ requests: 6, input_tokens: 80, output_tokens: 8, errors: 0 });
    expect(totals.cost_usd).toBe(told(usd([80, 150_000], [8, 600_000])));
    const stored = await alice.messages(conversation);
    const rows = await world.parley.database.query<{ message_id: string }>(
      'SELECT message_id FROM usage WHERE user_id = $1 AND message_id IS NOT NULL ORDER BY id',
      [alice.id],
    );
    expect(rows.map(({ message_id }) => message_id)).toEqual([stored[1].id, stored[3].id]);
  });

  it('is exact under load, also while calls go on', async () => {
    const key = alice.parley.anonymous().with({ 'x-api-key': await alice.apiKey() });
    let over = false;
    const background = (async () => {
      const someone = await world.parley.user();
      const worker = async () => {
        while (!over) await ask(someone, 'demo/echo');
      };
      await Promise.all(Array.from({ length: 8 }, worker));
    })();
    const calls = Array.from({ length: 200 }, (_, i) => ask(i % 2 ? alice : key, 'openai/gpt-4o-mini'));
    const answers = await Promise.all(calls);
    expect(answers.every(({ answer }) => answer.status === 200)).toBe(true);
    const { totals, data } = await alice.usage('?group_by=api_key');
    over = true;
    expect(totals).toMatchObject({ requests: 200, input_tokens: 2000, output_tokens: 600 });
    expect(totals.cost_usd).toBe(told(usd([2000, 150_000], [600, 600_000])));
    expect(data.map(({ requests }: any) => requests)).toEqual([100, 100]);
    await background;
  });

  it('is grouped by what one wants to know', async () => {
    const key = await alice.apiKey({ name: 'ci' });
    const byKey = alice.parley.anonymous().with({ 'x-api-key': key });
    const keyId = (await alice.get('/v1/auth/api-keys')).body.data[0].id as string;
    await ask(alice, 'openai/gpt-4o-mini', { user: 'customer-1' });
    await ask(byKey, 'openai/gpt-4o-mini', { user: 'customer-2' });
    await ask(byKey, 'anthropic/claude-3-5-haiku-latest', { user: 'customer-2' });
    await ask(alice, 'openai/status-500');
    const mini = told(usd([10, 150_000], [3, 600_000]));
    const haiku = told(usd([10, 800_000], [3, 4_000_000]));
    const both = told(usd([10, 950_000], [3, 4_600_000]));
    const twice = told(usd([20, 150_000], [6, 600_000]));
    const expected = {
      model: [
        ['anthropic/claude-3-5-haiku-latest', 1, haiku],
        ['openai/gpt-4o-mini', 2, twice],
        ['openai/status-500', 1, '0.000000'],
      ],
      provider: [
        ['anthropic', 1, haiku],
        ['openai', 3, twice],
      ],
      api_key: [
        [keyId, 2, both],
        [null, 2, mini],
      ],
      user: [[alice.id, 4, told(usd([30, 0], [20, 150_000], [6, 600_000], [10, 800_000], [3, 4_000_000]))]],
      kind: [['chat', 4, told(usd([20, 150_000], [6, 600_000], [10, 800_000], [3, 4_000_000]))]],
      end_user: [
        ['customer-2', 2, both],
        ['customer-1', 1, mini],
        [null, 1, '0.000000'],
      ],
    };
    for (const [group, rows] of Object.entries(expected)) {
      const { data, totals } = await alice.usage(`?group_by=${group}`);
      expect(data.map((row: any) => [row[group], row.requests, row.cost_usd])).toEqual(rows); // dearest first
      expect(totals).toMatchObject({ requests: 4, errors: 1 });
    }
    expect((await alice.usage()).data).toEqual([]);
    expect((await alice.get('/v1/usage?group_by=colour')).body.error).toMatchObject({ param: 'group_by' });
  });

  it('of a workspace is seen by its owners and admins; members see their own', async () => {
    const bob = await world.parley.user();
    const carol = await world.parley.user();
    const id = (await alice.post('/v1/workspaces', { name: 'Team' })).body.id as string;
    for (const [user, role] of [
      [bob, 'member'],
      [carol, 'admin'],
    ] as const) {
      const row = [id, user.id, role];
      await world.parley.database.query(
        'INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)',
        row,
      );
    }
    const inTeam = (user: TestUser) => user.with({ ...user.headers, 'x-workspace-id': id });
    await ask(inTeam(alice), 'demo/echo');
    await ask(inTeam(bob), 'demo/echo');
    await ask(inTeam(bob), 'demo/echo');
    await ask(bob, 'demo/echo'); // in the personal workspace
    const seen = async (user: TestUser) =>
      (await user.usage('?group_by=user')).data.map((row: any) => [row.user, row.requests]);
    for (const boss of [alice, carol]) {
      expect(await seen(inTeam(boss))).toEqual([
        [bob.id, 2],
        [alice.id, 1],
      ]);
    }
    expect(await seen(inTeam(bob))).toEqual([[bob.id, 2]]);
    expect(await seen(bob)).toEqual([[bob.id, 1]]);
    expect(await seen(alice)).toEqual([]);
    const narrow = world.parley.anonymous().with({ 'x-api-key': await alice.apiKey({ scopes: ['chat'] }) });
    expect((await narrow.get('/v1/usage')).body.error.code).toBe('insufficient_scope');
  });

  it('lies in a partition of its month; the next ones are there before they are needed', async () => {
    const { id } = await ask(alice, 'demo/echo');
    await usageRow(world.parley, id);
    const month = (ahead: number) => {
      const now = new Date();
      const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
      return `usage_${at.toISOString().slice(0, 7).replace('-', '_')}`;
    };
    const rows = await world.parley.database.query(
      'SELECT tableoid::regclass::text AS part FROM usage WHERE request_id = $1',
      [id],
    );
    expect(rows).toEqual([{ part: month(0) }]);
    const parts = await world.parley.database.query<{ part: string }>(
      `SELECT inhrelid::regclass::text AS part FROM pg_inherits WHERE inhparent = 'usage'::regclass`,
    );
    expect(parts.map(({ part }) => part)).toEqual(expect.arrayContaining([month(0), month(1), month(2), 'usage_rest']));
  });
});
