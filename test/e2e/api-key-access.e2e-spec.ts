import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const KEYS = '/v1/auth/api-keys';

describe('what API keys may do', () => {
  let parley: TestParley;
  beforeAll(async () => (parley = await startParley()));
  afterAll(() => parley.stop());

  const keyUser = (key: string) => parley.anonymous().with({ 'x-api-key': key });
  const works = async (key: string) => (await keyUser(key).get('/v1/users/me')).status === 200;
  const create = async (user: TestUser, fields: object = {}) => {
    const { status, body } = await user.post(KEYS, { name: 'test', ...fields });
    expect(status).toBe(201);
    return body as { id: string; key: string; prefix: string };
  };
  /** Someone else in the workspace of `owner`, acting there. */
  const memberOf = async (owner: TestUser, role: string) => {
    const member = await parley.user();
    await parley.database.query('INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)', [
      owner.workspaceId,
      member.id,
      role,
    ]);
    const there = member.with({ ...member.headers, 'x-workspace-id': owner.workspaceId });
    return Object.assign(there, { id: member.id, workspaceId: owner.workspaceId });
  };

  describe('narrowed to scopes', () => {
    it('reach only what their scopes name', async () => {
      const user = await parley.user();
      const chat = keyUser((await create(user, { scopes: ['chat'] })).key);
      expect((await chat.get('/v1/users/me')).status).toBe(200);
      for (const answer of [
        await chat.get(KEYS),
        await chat.post(KEYS, { name: 'k' }),
        await chat.patch('/v1/users/me', { name: 'X' }),
        await chat.post('/v1/workspaces', { name: 'X' }),
        await chat.get(`/v1/workspaces/${user.workspaceId}/members`),
        await chat.post('/v1/auth/logout', { refresh_token: user.refreshToken }),
        await chat.post('/v1/users/me/password', { current_password: 'x', new_password: 'a new password' }),
      ]) {
        expect([answer.status, answer.body.error.code]).toEqual([403, 'insufficient_scope']);
      }
    });

    it('cannot widen themselves', async () => {
      const user = await parley.user();
      const full = await create(user);
      const usage = await create(user, { scopes: ['usage:read'] });
      const own = await create(user, { scopes: ['admin', 'chat'] });
      const narrow = keyUser(own.key);
      for (const fields of [
        {},
        { scopes: null },
        { scopes: ['usage:read'] },
        { scopes: ['admin', 'documents:read'] },
      ]) {
        const { status, body } = await narrow.post(KEYS, { name: 'wider', ...fields });
        expect([status, body.error.code]).toEqual([403, 'insufficient_scope']);
      }
      for (const { id } of [full, usage]) {
        expect((await narrow.patch(`${KEYS}/${id}`, { name: 'x' })).status).toBe(404);
        expect((await narrow.post(`${KEYS}/${id}/rotate`)).status).toBe(404);
        expect((await narrow.delete(`${KEYS}/${id}`)).status).toBe(404);
      }
      expect((await narrow.get(KEYS)).body.data.map(({ id }: { id: string }) => id)).toEqual([own.id]);
      await create(narrow, { scopes: ['chat'] });
      const rotated = await narrow.post(`${KEYS}/${own.id}/rotate`);
      expect(rotated.body.scopes).toEqual(['admin', 'chat']);
    });
  });

  describe('in a shared workspace', () => {
    it('are seen by their member and by admins, and rotated only by their member', async () => {
      const owner = await parley.user();
      const [member, admin, viewer] = [
        await memberOf(owner, 'member'),
        await memberOf(owner, 'admin'),
        await memberOf(owner, 'viewer'),
      ];
      const ours = await create(owner);
      const theirs = await create(member);
      const seen = async (user: TestUser) => (await user.get(KEYS)).body.data.map(({ id }: { id: string }) => id);
      expect(await seen(member)).toEqual([theirs.id]);
      expect(await seen(admin)).toEqual([theirs.id, ours.id]);
      expect((await viewer.get(KEYS)).body.error.code).toBe('insufficient_role');
      expect((await member.delete(`${KEYS}/${ours.id}`)).status).toBe(404);
      const impersonation = await admin.post(`${KEYS}/${ours.id}/rotate`);
      expect([impersonation.status, impersonation.body.error.code]).toEqual([403, 'not_your_api_key']);
      expect((await admin.delete(`${KEYS}/${theirs.id}`)).status).toBe(204);
      expect(await works(theirs.key)).toBe(false);
    });

    it('act with the role their member has now, and go when the member is removed', async () => {
      const owner = await parley.user();
      const member = await memberOf(owner, 'admin');
      const { key } = await create(member);
      const members = `/v1/workspaces/${owner.workspaceId}/members`;
      expect((await keyUser(key).get(KEYS)).status).toBe(200);
      await owner.patch(`${members}/${member.id}`, { role: 'viewer' });
      expect((await keyUser(key).get(KEYS)).body.error.code).toBe('insufficient_role');
      await owner.delete(`${members}/${member.id}`);
      expect(await works(key)).toBe(false);
      const back = 'INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)';
      await parley.database.query(back, [owner.workspaceId, member.id, 'member']);
      expect(await works(key)).toBe(false); // a key does not come back with its member
    });
  });

  describe('with rules or an expiry', () => {
    it('makes and changes nobody who would be held to none of them', async () => {
      const owner = await parley.user();
      const workspace = `/v1/workspaces/${owner.workspaceId}`;
      for (const rules of [{ allowed_models: ['demo/*'] }, { expires_at: '2099-01-01T00:00:00Z' }]) {
        const { id, key: secret } = await create(owner, rules);
        const key = keyUser(secret);
        const subject = { type: 'api_key', id: id };
        for (const answer of [
          await key.post(`${workspace}/invitations`, { email: 'x@example.com', role: 'member' }),
          await key.patch(`${workspace}/members/${owner.id}`, { role: 'admin' }),
          await key.put('/v1/budgets', { subject, period: 'day', limit_tokens: 1e9 }),
          await key.post(KEYS, { name: 'free' }),
        ])
          expect([answer.status, answer.body.error.code]).toEqual([403, 'api_key_restricted']);
        expect((await key.post('/v1/chat', { message: 'Hi', model: 'demo/echo' })).status).toBe(200);
      }
    });
  });
});
