import { ask, budgets, limit, settled, startPricedWorld } from '../support/budgets';
import { type TestUser } from '../support/user';
import { type World } from '../support/world';

describe('subjects of budgets', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startPricedWorld();
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    alice = await world.parley.user();
  });

  it('of a key are those of the key that replaces it, with what was spent before', async () => {
    const keys = '/v1/auth/api-keys';
    const key = (await alice.post(keys, { name: 'k' })).body;
    const by = (secret: string) => world.parley.anonymous().with({ 'x-api-key': secret });
    const old = by(key.key);
    await limit(alice, { subject: { type: 'api_key', id: key.id }, limit_usd: '4' });
    expect((await ask(old, { max_tokens: 3 })).status).toBe(200);
    const next = (await old.post(`${keys}/${key.id}/rotate`, {})).body;
    const last = (await by(next.key).post(`${keys}/${next.id}/rotate`, {})).body;
    await settled(alice);
    for (const secret of [key.key, next.key, last.key]) {
      expect((await ask(by(secret), { max_tokens: 3 })).body.error.code).toBe('budget_exceeded');
      expect((await by(secret).get('/v1/usage/limits')).body.budgets).toMatchObject([{ spent_usd: '2.999997' }]);
    }
    const raised = await limit(alice, { subject: { type: 'api_key', id: last.id }, limit_usd: '8' });
    expect(raised).toMatchObject({ subject: { id: key.id }, spent_usd: '2.999997' });
    expect((await ask(by(last.key), { max_tokens: 3 })).status).toBe(200);
    await settled(alice);
    expect((await ask(old, { max_tokens: 3 })).body.error.code).toBe('budget_exceeded');
    const month = { subject: { type: 'api_key', id: last.id }, period: 'month', limit_usd: '100' };
    expect(await limit(alice, month)).toMatchObject({ spent_usd: '5.999994' });
  });

  it('of a member are not changed by that member, unless they own the workspace', async () => {
    const guest = await world.parley.user();
    await world.parley.database.query(
      `INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'admin')`,
      [alice.workspaceId, guest.id],
    );
    const admin = guest.with({ ...guest.headers, 'x-workspace-id': alice.workspaceId });
    const own = { subject: { type: 'member', id: guest.id }, period: 'day', limit_usd: 1 };
    const { id } = await limit(alice, own);
    for (const answer of [
      await admin.put('/v1/budgets', { ...own, limit_usd: 1000 }),
      await admin.delete(`/v1/budgets/${id}`),
    ])
      expect([answer.status, answer.body.error.code]).toEqual([403, 'insufficient_role']);
    expect((await admin.put('/v1/budgets', { ...own, subject: { type: 'member', id: alice.id } })).status).toBe(200);
  });

  it('are of subjects of the own workspace, and managed by its owners and admins', async () => {
    const bob = await world.parley.user();
    const key = (await bob.post('/v1/auth/api-keys', { name: 'k' })).body;
    const put = (user: TestUser, type: string, id: string) =>
      user.put('/v1/budgets', { subject: { type, id }, period: 'day', limit_usd: 1 });
    expect((await put(alice, 'workspace', bob.workspaceId)).body.error.code).toBe('workspace_not_found');
    expect((await put(alice, 'member', bob.id)).body.error.code).toBe('member_not_found');
    expect((await put(alice, 'api_key', key.id)).body.error.code).toBe('api_key_not_found');
    const theirs = (await put(bob, 'member', bob.id)).body;
    expect((await alice.delete(`/v1/budgets/${theirs.id}`)).status).toBe(404);
    expect(await budgets(alice)).toEqual([]);
    expect(await budgets(bob)).toHaveLength(1);
    for (const subject of [undefined, [], [{ type: 'member', id: bob.id }], 'bob'])
      expect((await bob.put('/v1/budgets', { subject, period: 'day', limit_usd: 1 })).body.error).toMatchObject({
        code: 'validation_failed',
        param: 'subject',
      });
    const narrow = alice.with({ authorization: `Bearer ${await alice.apiKey({ scopes: ['chat'] })}` });
    expect((await put(narrow, 'workspace', alice.workspaceId)).body.error.code).toBe('insufficient_scope');
  });
});
