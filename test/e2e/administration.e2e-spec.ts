import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

const ADMIN = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the admin password' };
const JWT_SECRET = 'the same secret for all of the processes';
const USERS = '/v1/admin/users';
const WORKSPACES = '/v1/admin/workspaces';

const TIERS = 'tiers: { gold: { requests_per_minute: 2 } }';

describe('administration', () => {
  let parley: TestParley;
  let other: TestParley;
  let admin: TestUser;
  let adminId: string;
  beforeAll(async () => {
    parley = await startParley({ env: { ...ADMIN, JWT_SECRET }, yaml: TIERS });
    other = await startParley({ database: parley.database, env: { JWT_SECRET }, yaml: TIERS });
    const login = { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD };
    const { body } = await parley.anonymous().post('/v1/auth/login', login);
    admin = parley.anonymous().with({ authorization: `Bearer ${body.access_token}` });
    adminId = (await admin.get('/v1/users/me')).body.id;
  });
  afterAll(async () => {
    await other.stop();
    await parley.stop();
  });

  const refused = ({ status, body }: { status: number; body: any }) => [status, body.error?.code];
  const there = (user: TestUser) => other.anonymous().with(user.headers);
  const suspended = [403, 'suspended'];

  it('is for nobody else, not even owners, and not for keys narrowed to other things', async () => {
    const user = await parley.user();
    const key = parley.anonymous().with({ 'x-api-key': await admin.apiKey({ scopes: ['chat'] }) });
    for (const who of [user, key]) {
      expect((await who.get(USERS)).status).toBe(403);
      expect((await who.patch(`${USERS}/${user.id}`, { instance_admin: true })).status).toBe(403);
      expect((await who.get(WORKSPACES)).status).toBe(403);
      expect((await who.patch(`${WORKSPACES}/${user.workspaceId}`, { suspended: true })).status).toBe(403);
      expect((await who.get('/v1/admin/audit')).status).toBe(403);
    }
    const full = parley.anonymous().with({ 'x-api-key': await admin.apiKey({ scopes: ['admin'] }) });
    expect((await full.get(USERS)).status).toBe(200);
  });

  it('finds people and workspaces, page by page', async () => {
    const [ada, bob] = [await parley.user(), await parley.user()];
    const found = (await admin.get(`${USERS}?q=${encodeURIComponent(ada.email.toUpperCase())}`)).body;
    expect(found.data).toEqual([
      {
        id: ada.id,
        email: ada.email,
        name: 'Test',
        instance_admin: false,
        suspended: false,
        tier: null,
        created_at: expect.any(String),
      },
    ]);
    expect((await admin.get(`${USERS}?q=${encodeURIComponent('%')}`)).body.data).toEqual([]);
    const page = (await admin.get(`${USERS}?limit=1`)).body;
    expect([page.data[0].id, page.has_more]).toEqual([bob.id, true]);
    expect((await admin.get(`${USERS}?limit=1&after=${page.last_id}`)).body.data[0].id).toBe(ada.id);
    expect((await admin.get(`${WORKSPACES}?limit=1`)).body.data).toMatchObject([
      { id: bob.workspaceId, name: "Test's workspace", personal: true, members: 1, suspended: false, tier: null },
    ]);
  });

  it('suspends a user everywhere at once, and lets them back', async () => {
    const user = await parley.user();
    const key = parley.anonymous().with({ 'x-api-key': await user.apiKey() });
    for (const who of [user, key, there(user), there(key)]) expect((await who.get('/v1/users/me')).status).toBe(200);
    const changed = await admin.patch(`${USERS}/${user.id}`, { suspended: true });
    expect(changed.body).toMatchObject({ id: user.id, suspended: true });
    for (const who of [user, key]) {
      expect(refused(await who.get('/v1/users/me'))).toEqual(suspended);
      expect(refused(await who.post('/v1/chat', { message: 'Hi' }))).toEqual(suspended);
    }
    for (const who of [there(user), there(key)]) {
      await until(async () => String(refused(await who.get('/v1/users/me'))) === String(suspended));
    }
    const login = (password: string) => parley.anonymous().post('/v1/auth/login', { email: user.email, password });
    expect(refused(await login('correct horse battery'))).toEqual(suspended);
    expect(refused(await login('a wrong password'))).toEqual([401, 'invalid_credentials']);
    const refresh = () => parley.anonymous().post('/v1/auth/refresh', { refresh_token: user.refreshToken });
    expect(refused(await refresh())).toEqual(suspended);

    await admin.patch(`${USERS}/${user.id}`, { suspended: false });
    for (const who of [user, key]) expect((await who.get('/v1/users/me')).status).toBe(200);
    expect((await refresh()).status).toBe(200);
    const log = (await admin.get('/v1/admin/audit?limit=2')).body.data;
    expect(log).toMatchObject([
      { action: 'user.resumed', actor_id: adminId, target_id: user.id, workspace_id: null },
      { action: 'user.suspended', changes: { suspended: { before: false, after: true } } },
    ]);
  });

  it('suspends a workspace for all its members, who keep their others', async () => {
    const [owner, member] = [await parley.user(), await parley.user()];
    const team = (await owner.post('/v1/workspaces', { name: 'Team' })).body.id as string;
    await parley.database.query(`INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'member')`, [
      team,
      member.id,
    ]);
    const inTeam = (user: TestUser) => user.with({ ...user.headers, 'x-workspace-id': team });
    const key = parley.anonymous().with({ 'x-api-key': await inTeam(member).apiKey() });
    const invited = await parley.user();
    const invitation = await owner.post(`/v1/workspaces/${team}/invitations`, { email: invited.email, role: 'member' });
    for (const who of [inTeam(owner), inTeam(member), key]) expect((await who.get('/v1/users/me')).status).toBe(200);
    expect((await admin.patch(`${WORKSPACES}/${team}`, { suspended: true })).status).toBe(200);
    for (const who of [inTeam(owner), inTeam(member), key]) {
      expect(refused(await who.get('/v1/users/me'))).toEqual(suspended);
    }
    expect(refused(await owner.get(`/v1/workspaces/${team}`))).toEqual(suspended);
    expect(refused(await invited.post('/v1/invitations/accept', { token: invitation.body.token }))).toEqual(suspended);
    await until(async () => (await there(key).get('/v1/users/me')).status === 403);
    expect((await member.get('/v1/users/me')).status).toBe(200);
    await admin.patch(`${WORKSPACES}/${team}`, { suspended: false });
    expect((await key.get('/v1/users/me')).status).toBe(200);
    const told = (await inTeam(owner).get('/v1/audit')).body.data.map(({ action }: any) => action);
    expect(told.slice(0, 2)).toEqual(['workspace.resumed', 'workspace.suspended']);
  });

  it('gives tiers that hold at once, for whom they were given to', async () => {
    const [ada, eve] = [await parley.user(), await parley.user()];
    const chat = async (user: TestUser) => (await user.post('/v1/chat', { message: 'Hi', model: 'demo/echo' })).status;
    expect([await chat(ada), await chat(ada), await chat(ada)]).toEqual([200, 200, 200]);
    await admin.patch(`${USERS}/${ada.id}`, { tier: 'gold' });
    expect((await ada.get('/v1/usage/limits')).body).toMatchObject({ tier: 'gold', rates: [{ max: 2, remaining: 2 }] });
    expect([await chat(ada), await chat(ada), await chat(ada)]).toEqual([200, 200, 429]);
    expect([await chat(eve), await chat(eve), await chat(eve)]).toEqual([200, 200, 200]);
    await admin.patch(`${USERS}/${ada.id}`, { tier: null });
    expect(await chat(ada)).toBe(200);
  });

  it('gives tiers to people, workspaces and keys, and takes them back', async () => {
    const user = await parley.user();
    const { id } = (await user.post('/v1/auth/api-keys', { name: 'k' })).body;
    for (const path of [`${USERS}/${user.id}`, `${WORKSPACES}/${user.workspaceId}`, `/v1/admin/api-keys/${id}`]) {
      expect((await admin.patch(path, { tier: 'gold' })).body).toMatchObject({ tier: 'gold' });
      for (const tier of ['', 'a b', 'silver', 'constructor', 'x'.repeat(65), 7])
        expect((await admin.patch(path, { tier })).status).toBe(400);
      expect((await admin.patch(path, { tier: null })).body).toMatchObject({ tier: null });
    }
    await admin.patch(`/v1/admin/api-keys/${id}`, { tier: 'gold' });
    await user.post(`/v1/auth/api-keys/${id}/rotate`);
    const tiers = await parley.database.query('SELECT tier FROM api_keys WHERE user_id = $1', [user.id]);
    expect(tiers).toEqual([{ tier: 'gold' }, { tier: 'gold' }]);
    expect(refused(await user.patch(`/v1/auth/api-keys/${id}`, { tier: 'platinum' }))).toEqual([
      400,
      'validation_failed',
    ]);
  });

  it('makes administrators, and shuts nobody out who does it', async () => {
    const user = await parley.user();
    expect((await admin.patch(`${USERS}/${user.id}`, { instance_admin: true })).body.instance_admin).toBe(true);
    expect((await user.get(USERS)).status).toBe(200);
    for (const change of [{ suspended: true }, { instance_admin: false }]) {
      expect(refused(await user.patch(`${USERS}/${user.id}`, change))).toEqual([409, 'own_account']);
    }
    const own = `${WORKSPACES}/${user.workspaceId}`;
    expect(refused(await user.patch(own, { suspended: true }))).toEqual([409, 'own_account']);
    expect((await admin.patch(`${USERS}/${user.id}`, { instance_admin: false })).status).toBe(200);
    expect((await user.get(USERS)).status).toBe(403);
    expect((await admin.get('/v1/admin/audit?limit=2')).body.data).toMatchObject([
      { action: 'user.admin_revoked', target_id: user.id },
      { action: 'user.admin_granted', target_id: user.id },
    ]);
  });

  it('changes nothing that is not there, and nothing it is not told to', async () => {
    const nobody = '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11';
    expect(refused(await admin.patch(`${USERS}/${nobody}`, {}))).toEqual([404, 'user_not_found']);
    expect(refused(await admin.patch(`${USERS}/junk`, {}))).toEqual([404, 'user_not_found']);
    expect(refused(await admin.patch(`${WORKSPACES}/${nobody}`, {}))).toEqual([404, 'workspace_not_found']);
    expect(refused(await admin.patch(`/v1/admin/api-keys/${nobody}`, { tier: null }))).toEqual([
      404,
      'api_key_not_found',
    ]);
    const user = await parley.user();
    for (const body of [
      { suspended: null },
      { suspended: 'yes' },
      { instance_admin: null },
      { email: 'x@example.com' },
    ]) {
      expect((await admin.patch(`${USERS}/${user.id}`, body)).status).toBe(400);
    }
    const before = (await admin.get('/v1/admin/audit')).body.data;
    expect((await admin.patch(`${USERS}/${user.id}`, {})).status).toBe(200);
    expect((await admin.patch(`${USERS}/${user.id}`, { suspended: false, tier: null })).status).toBe(200);
    expect((await admin.get('/v1/admin/audit')).body.data).toEqual(before);
  });
});
