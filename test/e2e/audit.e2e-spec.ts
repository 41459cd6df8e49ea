import { joined } from '../support/members';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

describe('the audit log', () => {
  let parley: TestParley;
  beforeAll(async () => {
    parley = await startParley({ yaml: 'http: { trusted_proxies: [loopback] }' });
  });
  afterAll(() => parley.stop());

  const entries = async (user: TestUser, query = '') => (await user.get(`/v1/audit${query}`)).body.data as any[];

  it('tells who did what to what, from where, and what it was before', async () => {
    const owner = await parley.user();
    const member = await joined(owner, 'member');
    const where = { 'x-forwarded-for': '203.0.113.7', 'x-request-id': 'the-request-1' };
    const path = `/v1/workspaces/${owner.workspaceId}/members/${member.id}`;
    expect((await owner.patch(path, { role: 'admin' }, { headers: where })).status).toBe(200);
    expect((await entries(owner))[0]).toEqual({
      id: expect.any(String),
      at: expect.any(String),
      action: 'member.role_changed',
      workspace_id: owner.workspaceId,
      actor_id: owner.id,
      api_key_id: null,
      target_type: 'member',
      target_id: member.id,
      changes: { role: { before: 'member', after: 'admin' } },
      ip: '203.0.113.7',
      request_id: 'the-request-1',
    });
  });

  it('has every change of rights, keys and members, and none of their secrets', async () => {
    const owner = await parley.user();
    const [first, second] = [await joined(owner, 'viewer'), await joined(owner, 'viewer')];
    const members = `/v1/workspaces/${owner.workspaceId}/members`;
    await owner.patch(`/v1/workspaces/${owner.workspaceId}`, { name: 'Renamed' });
    const { id, key } = (await owner.post('/v1/auth/api-keys', { name: 'one', scopes: ['admin'] })).body;
    const byKey = parley.anonymous().with({ 'x-api-key': key });
    await owner.patch(`/v1/auth/api-keys/${id}`, { name: 'two' });
    const next = (await owner.post(`/v1/auth/api-keys/${id}/rotate`)).body;
    await byKey.delete(`${members}/${first.id}`);
    await second.delete(`${members}/${second.id}`);
    await owner.delete(`/v1/auth/api-keys/${next.id}`);

    const told = await entries(owner, '?order=asc');
    expect(
      told.map(({ action, target_id, actor_id, api_key_id }) => [action, target_id, actor_id, api_key_id]),
    ).toEqual([
      ['user.registered', owner.id, owner.id, null],
      ['workspace.changed', owner.workspaceId, owner.id, null],
      ['api_key.created', id, owner.id, null],
      ['api_key.updated', id, owner.id, null],
      ['api_key.rotated', id, owner.id, null],
      ['member.removed', first.id, owner.id, id],
      ['member.left', second.id, second.id, null],
      ['api_key.revoked', next.id, owner.id, null],
    ]);
    expect(told[2].changes).toMatchObject({ scopes: { before: null, after: ['admin'] } });
    expect(told[3].changes).toEqual({ name: { before: 'one', after: 'two' } });
    expect(told[4].changes).toEqual({ id: { before: id, after: next.id } });
    const all = JSON.stringify(await parley.database.query('SELECT * FROM audit_log'));
    for (const secret of [key, next.key, owner.token, owner.refreshToken]) expect(all).not.toContain(secret);
  });

  it('begins a workspace with its making', async () => {
    const owner = await parley.user();
    const { id } = (await owner.post('/v1/workspaces', { name: 'Lab' })).body;
    const there = owner.with({ ...owner.headers, 'x-workspace-id': id });
    expect(await entries(there)).toMatchObject([{ action: 'workspace.created', changes: { name: { after: 'Lab' } } }]);
    expect((await entries(owner)).map(({ action }) => action)).toEqual(['user.registered']);
  });

  it('tells nothing of what was refused, or changed nothing', async () => {
    const owner = await parley.user();
    const { length } = await entries(owner);
    const me = `/v1/workspaces/${owner.workspaceId}/members/${owner.id}`;
    expect((await owner.patch(me, { role: 'viewer' })).status).toBe(409);
    expect((await owner.patch(me, { role: 'owner', allowed_models: null })).status).toBe(200);
    expect((await owner.patch(`/v1/workspaces/${owner.workspaceId}`, { name: "Test's workspace" })).status).toBe(200);
    expect((await owner.post('/v1/auth/api-keys', { name: 'x', scopes: ['no'] })).status).toBe(400);
    expect(await entries(owner)).toHaveLength(length);
  });

  it('is read page by page, and by action, person and time', async () => {
    const owner = await parley.user();
    const admin = await joined(owner, 'admin');
    for (const name of ['a', 'b', 'c']) await owner.apiKey({ name });
    await admin.apiKey({ name: 'd' });
    const page = (await owner.get('/v1/audit?limit=2')).body;
    expect(page).toMatchObject({ object: 'list', has_more: true });
    const rest = (await owner.get(`/v1/audit?after=${page.last_id}`)).body;
    expect(rest).toMatchObject({ has_more: false });
    expect(rest.data).toHaveLength(3);
    const actions = async (query: string) => (await entries(owner, query)).map(({ action }) => action);
    expect(await actions('?action=user.registered')).toEqual(['user.registered']);
    expect(await actions(`?actor_id=${admin.id}`)).toEqual(['api_key.created']);
    const { at } = rest.data[1] as { at: string };
    expect(await actions(`?to=${at}`)).toEqual(['user.registered']);
    expect((await actions(`?from=${at}`)).length).toBe(4);
    for (const query of [
      '?actor_id=me',
      '?from=yesterday',
      '?from=2030-02-30T00:00:00Z',
      '?to=0000-01-01T00:00:00Z',
      '?to=9999-12-31T23:59:59-23:59',
      '?limit=0',
      `?action=${'x'.repeat(101)}`,
    ]) {
      expect((await owner.get(`/v1/audit${query}`)).status).toBe(400);
    }
  });

  it('is for owners and admins, and keys with the scope admin', async () => {
    const owner = await parley.user();
    const [admin, member] = [await joined(owner, 'admin'), await joined(owner, 'member')];
    expect((await admin.get('/v1/audit')).status).toBe(200);
    expect((await member.get('/v1/audit')).body.error.code).toBe('insufficient_role');
    const narrow = parley.anonymous().with({ 'x-api-key': await owner.apiKey({ scopes: ['chat'] }) });
    expect((await narrow.get('/v1/audit')).body.error.code).toBe('insufficient_scope');
  });

  it('cannot be changed in the database, and goes with its workspace only', async () => {
    const owner = await parley.user();
    const [id] = [owner.workspaceId];
    const change = (sql: string) => parley.database.query(sql, [id]);
    await expect(change(`UPDATE audit_log SET action = 'x' WHERE workspace_id = $1`)).rejects.toThrow('only added to');
    await expect(change('DELETE FROM audit_log WHERE workspace_id = $1')).rejects.toThrow('only added to');
    await expect(parley.database.query('TRUNCATE audit_log')).rejects.toThrow('only added to');
    await change('DELETE FROM workspaces WHERE id = $1');
    expect(await change('SELECT * FROM audit_log WHERE workspace_id = $1')).toEqual([]);
  });
});
