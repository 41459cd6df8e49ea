import { until } from '../support/until';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const KEYS = '/v1/auth/api-keys';

describe('API keys', () => {
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

  it('show their secret once and work as a bearer and in X-API-Key', async () => {
    const user = await parley.user();
    const { status, body } = await user.post(KEYS, { name: ' production ' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'production', scopes: null, expires_at: null, last_used_at: null });
    expect(body).toMatchObject({ user_id: user.id, workspace_id: user.workspaceId });
    expect(body.key).toMatch(/^parley_[\w-]{43}$/);
    expect(body.key.startsWith(body.prefix)).toBe(true);
    expect(await works(body.key)).toBe(true);
    const asBearer = parley.anonymous().with({ authorization: `Bearer ${body.key}` });
    expect((await asBearer.get('/v1/users/me')).body.id).toBe(user.id);

    const listed = await user.get(KEYS);
    expect(listed.body.data).toHaveLength(1);
    expect(JSON.stringify(listed.body)).not.toContain(body.key);
    const stored = await parley.database.query('SELECT * FROM api_keys WHERE id = $1', [body.id]);
    expect(JSON.stringify(stored)).not.toContain(body.key);
  });

  it('note when they were last used', async () => {
    const user = await parley.user();
    const { key } = await create(user);
    expect(await works(key)).toBe(true);
    const used = await until(async () => (await user.get(KEYS)).body.data[0].last_used_at as string | null);
    expect(Date.now() - Date.parse(used!)).toBeLessThan(60_000);
  });

  it('stop at once when they are revoked, also while they are being used', async () => {
    const user = await parley.user();
    const { id, key } = await create(user);
    expect(await works(key)).toBe(true);
    let revoked = false;
    const wrong: string[] = [];
    const hammer = async () => {
      for (let i = 0; i < 60; i++) {
        const after = revoked;
        if ((await works(key)) && after) wrong.push(`request ${i}`);
      }
    };
    const hammers = [hammer(), hammer(), hammer(), hammer()];
    expect((await user.delete(`${KEYS}/${id}`)).status).toBe(204);
    revoked = true;
    await Promise.all(hammers);
    expect(wrong).toEqual([]);
    expect((await keyUser(key).get('/v1/users/me')).body.error.code).toBe('invalid_api_key');
    expect((await user.delete(`${KEYS}/${id}`)).status).toBe(404);
    expect((await user.get(KEYS)).body.data).toEqual([]);
  });

  it('stop in every other process, too', async () => {
    const there = await startParley({ database: parley.database });
    try {
      const user = await parley.user();
      const { id, key } = await create(user);
      const away = there.anonymous().with({ 'x-api-key': key });
      expect((await away.get('/v1/users/me')).status).toBe(200);
      await user.delete(`${KEYS}/${id}`);
      await until(async () => (await away.get('/v1/users/me')).status === 401);
    } finally {
      await there.stop();
    }
  });

  it('are not taken on trust while changes cannot be heard of', async () => {
    const user = await parley.user();
    const { id, key } = await create(user);
    expect(await works(key)).toBe(true);
    await parley.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'parley-listen' AND datname = current_database()`,
    );
    await parley.database.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [id]);
    expect(await until(async () => !(await works(key)))).toBe(true);
  });

  it.each([
    'parley_',
    'parley_junk',
    `parley_${'A'.repeat(43)}`,
    `parley_${'é'.repeat(43)}`,
    'x'.repeat(12_000),
    "' OR 1=1",
  ])('are not %p', async (key) => {
    const { status, body } = await keyUser(key).get('/v1/users/me');
    expect([status, body.error.code]).toEqual([401, 'invalid_api_key']);
  });

  it('do not work with the prefix of a real one, nor together with other credentials', async () => {
    const user = await parley.user();
    const { key, prefix } = await create(user);
    expect(await works(`${prefix}${'A'.repeat(50 - prefix.length)}`)).toBe(false);
    const both = await keyUser(key).get('/v1/users/me', { headers: user.headers });
    expect([both.status, both.body.error.code]).toEqual([401, 'invalid_api_key']);
  });

  it('expire', async () => {
    const user = await parley.user();
    const { key } = await create(user, { expires_at: new Date(Date.now() + 1500).toISOString() });
    expect(await works(key)).toBe(true);
    await until(async () => !(await works(key)));
    expect((await keyUser(key).get('/v1/users/me')).body.error.message).toMatch(/expired/);
  });

  it.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'k', scopes: [] }, 'scopes'],
    [{ name: 'k', scopes: ['everything'] }, 'scopes'],
    [{ name: 'k', scopes: ['chat', 'chat'] }, 'scopes'],
    [{ name: 'k', scopes: 'chat' }, 'scopes'],
    [{ name: 'k', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ name: 'k', expires_at: 'tomorrow' }, 'expires_at'],
    [{ name: 'k', expires_at: '2030-13-45T00:00:00Z' }, 'expires_at'],
    [{ name: 'k', user_id: 'someone' }, 'user_id'],
  ])('are refused when made with %j', async (body, param) => {
    const user = await parley.user();
    const answer = await user.post(KEYS, body);
    expect([answer.status, answer.body.error.param]).toEqual([400, param]);
  });

  it('are listed page by page, newest first', async () => {
    const user = await parley.user();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await create(user)).id);
    const first = (await user.get(`${KEYS}?limit=2`)).body;
    expect(first).toMatchObject({ object: 'list', first_id: ids[0], last_id: ids[1], has_more: true });
    const rest = (await user.get(`${KEYS}?limit=10&after=${first.last_id}`)).body;
    expect(rest.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2));
    expect(rest.has_more).toBe(false);
    const oldest = (await user.get(`${KEYS}?limit=1&order=asc`)).body;
    expect(oldest.first_id).toBe(ids.at(-1));
  });

  it('can be renamed', async () => {
    const user = await parley.user();
    const { id } = await create(user);
    expect((await user.patch(`${KEYS}/${id}`, { name: 'staging' })).body).toMatchObject({ id, name: 'staging' });
    expect((await user.patch(`${KEYS}/${id}`, { scopes: null })).status).toBe(400);
  });

  it('are nothing to a stranger', async () => {
    const [alice, bob] = [await parley.user(), await parley.user()];
    const { id } = await create(alice);
    for (const answer of [
      await bob.patch(`${KEYS}/${id}`, { name: 'mine' }),
      await bob.delete(`${KEYS}/${id}`),
      await bob.post(`${KEYS}/${id}/rotate`),
      await bob.delete(`${KEYS}/junk`),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([404, 'api_key_not_found']);
    }
  });

  it('are bound to one workspace', async () => {
    const [alice, bob] = [await parley.user(), await parley.user()];
    const { key } = await create(alice);
    const other = (await alice.post('/v1/workspaces', { name: 'Other' })).body.id as string;
    for (const id of [other, bob.workspaceId, 'junk']) {
      const { status, body } = await keyUser(key).get('/v1/users/me', { headers: { 'x-workspace-id': id } });
      expect([status, body.error.code]).toEqual([404, 'workspace_not_found']);
    }
    const own = { headers: { 'x-workspace-id': alice.workspaceId.toUpperCase() } };
    expect((await keyUser(key).get('/v1/users/me', own)).status).toBe(200);
    expect((await keyUser(key).get('/v1/workspaces')).body.data).toHaveLength(1);
    expect((await keyUser(key).get(`/v1/workspaces/${other}`)).status).toBe(404);
  });

  it('go with their member, whatever is done with them at that moment', async () => {
    const owner = await parley.user();
    const headers = { 'x-workspace-id': owner.workspaceId };
    for (let round = 0; round < 15; round++) {
      const guest = await parley.user();
      await parley.database.query(`INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'member')`, [
        owner.workspaceId,
        guest.id,
      ]);
      const member = guest.with({ ...guest.headers, ...headers });
      const keys = await Promise.all([1, 2, 3].map(() => member.post(KEYS, { name: 'k' })));
      const answers = await Promise.all([
        ...keys.map(({ body }) => member.post(`${KEYS}/${body.id}/rotate`, {})),
        ...keys.map(({ body }) => parley.anonymous().with({ 'x-api-key': body.key }).get('/v1/users/me')),
        member.post(KEYS, { name: 'late' }),
        owner.delete(`/v1/workspaces/${owner.workspaceId}/members/${guest.id}`),
      ]);
      expect(answers.filter(({ status }) => status >= 500).map(({ body }) => body)).toEqual([]);
      expect(answers.at(-1)!.status).toBe(204);
    }
  });

  describe('rotated', () => {
    it('are replaced by a new one, and work until the overlap is over', async () => {
      const user = await parley.user();
      const expires_at = '2099-01-01T00:00:00.000Z';
      const old = await create(user, { name: 'prod', scopes: ['chat'], expires_at });
      expect(await works(old.key)).toBe(true);
      const { status, body } = await user.post(`${KEYS}/${old.id}/rotate`, { overlap_seconds: 1 });
      expect(status).toBe(201);
      expect(body).toMatchObject({ name: 'prod', scopes: ['chat'], expires_at });
      expect(await works(body.key)).toBe(true);
      await until(async () => !(await works(old.key)));
      expect(await works(body.key)).toBe(true);
      const again = await user.post(`${KEYS}/${old.id}/rotate`);
      expect([again.status, again.body.error.code]).toEqual([409, 'api_key_retired']);
    });

    it('stop at once without an overlap, and overlap by an hour unless told otherwise', async () => {
      const user = await parley.user();
      const [one, other] = [await create(user), await create(user)];
      expect(await works(one.key)).toBe(true);
      await user.post(`${KEYS}/${one.id}/rotate`, { overlap_seconds: 0 });
      expect(await works(one.key)).toBe(false);
      await user.post(`${KEYS}/${other.id}/rotate`);
      const { data } = (await user.get(KEYS)).body as { data: { id: string; expires_at: string }[] };
      const left = Date.parse(data.find(({ id }) => id === other.id)!.expires_at) - Date.now();
      expect(Math.round(left / 60_000)).toBe(60);
      for (const overlap_seconds of [-1, 1.5, 604_801, '5']) {
        expect((await user.post(`${KEYS}/${other.id}/rotate`, { overlap_seconds })).status).toBe(400);
      }
    });

    it('are rotated once when asked for several times at once', async () => {
      const user = await parley.user();
      const { id } = await create(user);
      const answers = await Promise.all(Array.from({ length: 5 }, () => user.post(`${KEYS}/${id}/rotate`)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
      expect((await user.get(KEYS)).body.data).toHaveLength(2);
    });
  });
});
