import { randomUUID } from 'node:crypto';
import { ask, budgets, limit, settled, startPricedWorld } from '../support/budgets';
import { usageRows } from '../support/ledger';
import { until } from '../support/until';
import { type TestUser } from '../support/user';
import { type World } from '../support/world';

describe('budgets', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startPricedWorld();
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    alice = await world.parley.user();
  });

  it('begin with what was spent before, and are charged what calls really cost', async () => {
    expect((await ask(alice)).body.cost_usd).toBe('2.999997');
    const made = await limit(alice, { limit_usd: '30.00' });
    expect(made).toMatchObject({
      subject: { type: 'workspace', id: alice.workspaceId },
      period: 'total',
      limit_usd: '30.000000',
      spent_usd: '2.999997',
      reserved_usd: '0.000000',
      remaining_usd: '27.000003',
      limit_tokens: null,
      resets_at: null,
      alert_at: [],
      alert_secret: null,
    });
    expect((await ask(alice)).status).toBe(200);
    expect(await settled(alice)).toMatchObject([{ spent_usd: '5.999994', remaining_usd: '24.000006' }]);
  });

  it('hold the worst case while a call is under way, and what it cost when its client left', async () => {
    await limit(alice, { limit_usd: 30 });
    const gone = new AbortController();
    const stream = alice.events(
      '/v1/chat/stream',
      { message: 'Hi', model: 'openai/hang-after-3', max_tokens: 10 },
      { signal: gone.signal },
    );
    for (let heard = 0; heard < 3; heard++) await stream.next();
    const [held] = await budgets(alice);
    expect(held).toMatchObject({ spent_usd: '0.000000', reserved_usd: '9.999990', remaining_usd: '20.000010' });
    expect(held.reserved_tokens).toBeGreaterThan(10);
    gone.abort();
    await stream.next().catch(() => undefined);
    const [left] = await settled(alice);
    expect(Number(left.spent_usd)).toBeGreaterThan(0);
    expect(Number(left.spent_usd)).toBeLessThan(4);
  });

  it('refuse what might not fit: before anything is sent, saying which budget, what is left and when it begins anew', async () => {
    const { id } = await limit(alice, { limit_usd: '5', period: 'day' });
    const sent = world.openai.requests.length;
    const { status, headers, body } = await ask(alice, { max_tokens: 6 });
    expect([status, body.error.type, body.error.code]).toEqual([429, 'rate_limit_error', 'budget_exceeded']);
    expect(headers.get('x-should-retry')).toBe('false');
    const tomorrow = new Date(new Date().setUTCHours(24, 0, 0, 0)).toISOString();
    expect(body.error.details).toMatchObject([
      {
        budget_id: id,
        subject: { type: 'workspace', id: alice.workspaceId },
        period: 'day',
        limit_usd: '5.000000',
        remaining_usd: '5.000000',
        needed_usd: '5.999994',
        resets_at: tomorrow,
      },
    ]);
    expect(body.error.message).toContain(tomorrow);
    expect(world.openai.requests).toHaveLength(sent);
    expect((await ask(alice, { max_tokens: 5 })).status).toBe(200);
    expect((await ask(alice, { max_tokens: 3 })).body.error.details).toMatchObject([{ remaining_usd: '2.000003' }]);
  });

  it('limit tokens as well, of prompt and answer', async () => {
    await limit(alice, { limit_tokens: 200 });
    expect((await ask(alice, { max_tokens: 300 })).body.error.code).toBe('budget_exceeded');
    const { status, body } = await ask(alice);
    expect(status).toBe(200);
    const { input_tokens, output_tokens } = body.usage as Record<string, number>;
    const used = (input_tokens ?? 0) + (output_tokens ?? 0);
    expect(await settled(alice)).toMatchObject([{ spent_tokens: used, remaining_tokens: 200 - used }]);
  });

  it('hold of a chain the dearest, of a race the sum', async () => {
    await limit(alice, { limit_usd: '1000' });
    const held = async (fields: object) => {
      const asking = ask(alice, { model: 'openai/hang', timeout_ms: 1_000, ...fields });
      const [{ reserved_usd }] = await until(
        () => budgets(alice),
        ([budget]) => Number(budget.reserved_usd) > 0,
      );
      expect((await asking).status).toBe(504);
      await settled(alice);
      return Number(reserved_usd);
    };
    expect(await held({})).toBeCloseTo(10, 3);
    expect(await held({ fallbacks: ['openai/words-3'] })).toBeCloseTo(10, 3);
    expect(await held({ race: ['openai/hang-after-3'], model: 'openai/hang' })).toBeCloseTo(20, 3);
  });

  it('send on the cap they reserved, where the caller names none', async () => {
    const model = 'openai/inspect';
    expect(JSON.parse((await ask(alice, { model, max_tokens: null })).body.content)).not.toHaveProperty(
      'max_completion_tokens',
    );
    await limit(alice, { limit_usd: '1000' });
    const { content } = (await ask(alice, { model, max_tokens: null })).body;
    expect(content).toMatch(/"max_(completion_)?tokens":100/);
  });

  it('shorten an answer that does not fit when the caller would rather have that', async () => {
    await limit(alice, { limit_usd: '7.5' });
    const more = { model: 'openai/inspect', max_tokens: 500 };
    expect((await ask(alice, more)).status).toBe(429);
    const shorter = await ask(alice, { ...more, allow_truncate: true });
    expect(shorter.status).toBe(200);
    expect(shorter.body.content).toMatch(/"max_(completion_)?tokens":7[,}]/);
    await limit(alice, { limit_usd: '0.1' });
    expect((await ask(alice, { ...more, allow_truncate: true })).body.error.code).toBe('budget_exceeded');
  });

  it('know no way around: all that apply must have room, of the key, the member and the workspace', async () => {
    const key = (await alice.post('/v1/auth/api-keys', { name: 'k' })).body;
    const other = (await alice.post('/v1/auth/api-keys', { name: 'o' })).body;
    const by = (secret: string) => alice.with({ authorization: `Bearer ${secret}` });
    await limit(alice, { limit_usd: '100' });
    const own = await limit(alice, { subject: { type: 'api_key', id: key.id }, period: 'month', limit_usd: '4' });
    const { body } = await ask(by(key.key));
    expect(body.error.details.map(({ budget_id }: any) => budget_id)).toEqual([own.id]);
    expect((await ask(by(other.key))).status).toBe(200);
    expect((await ask(by(key.key), { max_tokens: 4 })).status).toBe(200);
    const all = await settled(alice);
    expect(all.map(({ subject, spent_usd }) => [subject.type, spent_usd])).toEqual([
      ['workspace', '5.999994'],
      ['api_key', '2.999997'],
    ]);
    await limit(alice, { subject: { type: 'member', id: alice.id }, limit_usd: '6.5' });
    expect((await ask(by(other.key), { max_tokens: 1 })).body.error.details).toMatchObject([
      { subject: { type: 'member', id: alice.id }, remaining_usd: '0.500006' },
    ]);
  });

  it('are never charged more for an answer nobody counted than it may be long', async () => {
    await limit(alice, { limit_tokens: 1_000 });
    const controller = new AbortController();
    const body = { message: 'Hi', model: 'openai/hang-after-3', max_tokens: 1 };
    const answer = await alice.send('POST', '/v1/chat/stream', body, {}, controller.signal);
    expect(answer.status).toBe(200);
    let heard = '';
    for await (const chunk of answer.body!) {
      heard += Buffer.from(chunk).toString();
      if (heard.includes('three')) break;
    }
    controller.abort();
    await settled(alice);
    const { data } = await alice.usage('?group_by=model');
    expect(data).toMatchObject([{ output_tokens: 1 }]);
  });

  it('in USD take no model whose price nobody knows, unless the workspace allows it', async () => {
    const unpriced = { model: 'openai/words-7' };
    await limit(alice, { limit_tokens: 10_000 });
    expect((await ask(alice, unpriced)).status).toBe(200);
    await limit(alice, { limit_tokens: 10_000, limit_usd: 1 });
    const { status, body } = await ask(alice, unpriced);
    expect([status, body.error.code, body.error.param]).toEqual([400, 'model_unpriced', 'model']);
    const allowed = await alice.patch(`/v1/workspaces/${alice.workspaceId}`, { allow_unpriced_models: true });
    expect(allowed.body).toMatchObject({ allow_unpriced_models: true });
    expect((await ask(alice, unpriced)).status).toBe(200);
  });

  it('begin anew with the next window, whatever is under way', async () => {
    const day = { period: 'day', limit_usd: '10' };
    const { id } = await limit(alice, day);
    const running = ask(alice, { model: 'openai/late-300-3' });
    await until(
      () => budgets(alice),
      ([budget]) => Number(budget.reserved_usd) > 0,
    );
    const query = (sql: string, parameters?: unknown[]) => world.parley.database.query(sql, parameters);
    // As if all of it had been yesterday.
    await query(`UPDATE budgets SET window_start = window_start - interval '1 day' WHERE id = $1`, [id]);
    await query(`UPDATE reservations SET at = at - interval '1 day' WHERE $1 = ANY (budget_ids)`, [id]);
    expect(await budgets(alice)).toMatchObject([{ reserved_usd: '0.000000', remaining_usd: '10.000000' }]);
    expect((await ask(alice)).status).toBe(200);
    expect((await running).status).toBe(200);
    // Both ended today.
    expect(await settled(alice)).toMatchObject([{ spent_usd: '5.999994', reserved_usd: '0.000000' }]);
    expect(await query('SELECT 1 FROM reservations')).toEqual([]);
  });

  it('count attempts that failed, and let no fallback leave that does not fit beside them', async () => {
    // The silent one is billed its prompt by estimate; here prompts cost nothing, so tokens tell.
    await limit(alice, { limit_tokens: 100 });
    const silent = await alice.post('/v1/chat', { message: 'Hi '.repeat(20), model: 'openai/words-3', max_tokens: 10 });
    expect(silent.status).toBe(200);
    const [{ spent_tokens }] = await settled(alice);
    const rows = await usageRows(world.parley, silent.headers.get('x-request-id')!);
    expect(spent_tokens).toBe(
      rows.reduce((sum, { input_tokens, output_tokens }) => sum + input_tokens + output_tokens, 0),
    );
  });

  it('of the same subject and period are one: another PUT changes the limit and keeps what was spent', async () => {
    await limit(alice, { limit_usd: '10' });
    await ask(alice);
    await settled(alice);
    const raised = await limit(alice, { limit_usd: '20', limit_tokens: 5_000 });
    expect(raised).toMatchObject({ limit_usd: '20.000000', spent_usd: '2.999997', limit_tokens: 5_000 });
    expect(await budgets(alice)).toHaveLength(1);
    expect((await alice.delete(`/v1/budgets/${raised.id}`)).status).toBe(204);
    expect((await alice.delete(`/v1/budgets/${raised.id}`)).body.error.code).toBe('budget_not_found');
    expect((await ask(alice, { max_tokens: 500 })).status).toBe(200);
  });

  it.each([
    [{ limit_usd: '1.0', period: 'week' }, 'period'],
    [{ limit_usd: '-1' }, 'limit_usd'],
    [{ limit_usd: '1e3' }, 'limit_usd'],
    [{ limit_usd: '1.0000000000001' }, 'limit_usd'],
    [{ limit_tokens: 1.5 }, 'limit_tokens'],
    [{}, 'limit_usd'],
    [{ limit_usd: null, limit_tokens: null }, 'limit_usd'],
    [{ limit_usd: '1', alert_at: [0.5, 2] }, 'alert_at'],
    [{ limit_usd: '1', alert_url: 'ftp://x' }, 'alert_url'],
    [{ limit_usd: '1', subject: { type: 'planet', id: randomUUID() } }, 'subject.type'],
  ])('are refused when they make no sense: %j', async (fields, param) => {
    const subject = { type: 'workspace', id: alice.workspaceId };
    const { status, body } = await alice.put('/v1/budgets', { subject, period: 'total', ...fields });
    expect([status, body.error.code, body.error.param]).toEqual([400, 'validation_failed', param]);
  });
});
