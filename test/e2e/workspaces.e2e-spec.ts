import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

describe('workspaces', () => {
  let parley: TestParley;
  beforeAll(async () => (parley = await startParley()));
  afterAll(() => parley.stop());

  const members = (id: string, userId = '') => `/v1/workspaces/${id}/members${userId && `/${userId}`}`;
  /** A workspace of `owner`'s with people in it, in the given roles. */
  const team = async (...roles: string[]) => {
    const owner = await parley.user();
    const { id } = (await owner.post('/v1/workspaces', { name: 'Team' })).body as { id: string };
    const people: TestUser[] = [];
    for (const role of roles) {
      const person = await parley.user();
      await parley.database.query('INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)', [
        id,
        person.id,
        role,
      ]);
      people.push(person);
    }
    return { id, owner, people: people as [TestUser, TestUser, TestUser] };
  };
  const refused = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [
    status,
    body.error?.code,
  ];

  it('are made by anyone, who owns them, and listed with the role', async () => {
    const user = await parley.user();
    const made = await user.post('/v1/workspaces', { name: ' Research ' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: 'Research', personal: false, role: 'owner' });
    const { body } = await user.get('/v1/workspaces');
    expect(body.data).toEqual([made.body, expect.objectContaining({ id: user.workspaceId, personal: true })]);
    expect((await user.get(`/v1/workspaces/${made.body.id}`)).body).toEqual(made.body);
    const page = (await user.get('/v1/workspaces?limit=1')).body;
    expect(page).toMatchObject({ has_more: true, last_id: made.body.id });
    expect((await user.get(`/v1/workspaces?after=${page.last_id}`)).body.data).toHaveLength(1);
  });

  it('are renamed by owners and admins', async () => {
    const { id, owner, people } = await team('admin', 'member');
    const [admin, member] = people;
    expect((await owner.patch(`/v1/workspaces/${id}`, { name: 'One' })).body).toMatchObject({ id, name: 'One' });
    expect((await admin.patch(`/v1/workspaces/${id}`, { name: 'Two' })).body).toMatchObject({
      name: 'Two',
      role: 'admin',
    });
    expect(refused(await member.patch(`/v1/workspaces/${id}`, { name: 'X' }))).toEqual([403, 'insufficient_role']);
    expect((await owner.patch(`/v1/workspaces/${id}`, { name: ' ' })).status).toBe(400);
  });

  it('are nothing to a stranger, whatever workspace the header names', async () => {
    const { id, people } = await team('member');
    const stranger = await parley.user();
    for (const path of [`/v1/workspaces/${id}`, members(id), '/v1/workspaces/junk', members("' OR 1=1")]) {
      expect(refused(await stranger.get(path))).toEqual([404, 'workspace_not_found']);
    }
    const headers = { 'x-workspace-id': id };
    expect(refused(await stranger.get('/v1/users/me', { headers }))).toEqual([404, 'workspace_not_found']);
    expect(refused(await stranger.patch(members(id, people[0].id), { role: 'viewer' }))).toEqual([
      404,
      'workspace_not_found',
    ]);
    expect(refused(await stranger.delete(members(id, people[0].id)))).toEqual([404, 'workspace_not_found']);
  });

  it('are judged by the role in the workspace of the path, not of the header', async () => {
    const { id, people } = await team('viewer', 'admin');
    const [viewer, admin] = people;
    // An owner at home, a viewer here.
    expect(refused(await viewer.patch(`/v1/workspaces/${id}`, { name: 'X' }))).toEqual([403, 'insufficient_role']);
    const elsewhere = { headers: { 'x-workspace-id': admin.workspaceId } };
    expect((await admin.patch(members(id, viewer.id), { role: 'member' }, elsewhere)).status).toBe(200);
  });

  it.each(['junk', '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11', ''])('are picked by a header that is not %p', async (id) => {
    const user = await parley.user();
    expect(refused(await user.get('/v1/users/me', { headers: { 'x-workspace-id': id } }))).toEqual([
      404,
      'workspace_not_found',
    ]);
  });

  describe('members', () => {
    it('are listed page by page', async () => {
      const { id, owner, people } = await team('member', 'viewer');
      const { body } = await people[1].get(`${members(id)}?order=asc`);
      expect(body.data.map(({ user_id, role }: { user_id: string; role: string }) => [user_id, role])).toEqual([
        [owner.id, 'owner'],
        [people[0].id, 'member'],
        [people[1].id, 'viewer'],
      ]);
      const page = (await owner.get(`${members(id)}?limit=2`)).body;
      expect(page).toMatchObject({ has_more: true, last_id: people[0].id });
      expect((await owner.get(`${members(id)}?after=${page.last_id}`)).body.data).toHaveLength(1);
    });

    it('are given roles by admins, which hold from the next request on', async () => {
      const { id, people } = await team('admin', 'member');
      const [admin, member] = people;
      const here = { headers: { 'x-workspace-id': id } };
      expect((await member.get('/v1/auth/api-keys', here)).status).toBe(200);
      const { body } = await admin.patch(members(id, member.id), { role: 'viewer' });
      expect(body).toMatchObject({ user_id: member.id, role: 'viewer', email: member.email });
      expect(refused(await member.get('/v1/auth/api-keys', here))).toEqual([403, 'insufficient_role']);
      expect((await admin.patch(members(id, member.id), { role: 'king' })).status).toBe(400);
      expect(refused(await member.patch(members(id, member.id), { role: 'owner' }))).toEqual([
        403,
        'insufficient_role',
      ]);
      expect(refused(await admin.patch(members(id, id), { role: 'viewer' }))).toEqual([404, 'member_not_found']);
      expect(refused(await admin.patch(members(id, 'junk'), { role: 'viewer' }))).toEqual([404, 'member_not_found']);
    });

    it('become owners, and stop being owners, only by owners', async () => {
      const { id, owner, people } = await team('admin', 'member');
      const [admin, member] = people;
      expect(refused(await admin.patch(members(id, admin.id), { role: 'owner' }))).toEqual([403, 'insufficient_role']);
      expect(refused(await admin.patch(members(id, owner.id), { role: 'member' }))).toEqual([403, 'insufficient_role']);
      expect(refused(await admin.delete(members(id, owner.id)))).toEqual([403, 'insufficient_role']);
      expect((await owner.patch(members(id, member.id), { role: 'owner' })).status).toBe(200);
      expect((await member.patch(members(id, owner.id), { role: 'viewer' })).status).toBe(200);
    });

    it('are removed by admins or leave, and are out at once', async () => {
      const { id, owner, people } = await team('admin', 'member', 'viewer');
      const [admin, member, viewer] = people;
      expect((await member.get(`/v1/workspaces/${id}`)).status).toBe(200);
      expect((await admin.delete(members(id, member.id))).status).toBe(204);
      expect(refused(await member.get(`/v1/workspaces/${id}`))).toEqual([404, 'workspace_not_found']);
      expect(refused(await viewer.delete(members(id, owner.id)))).toEqual([403, 'insufficient_role']);
      expect((await viewer.delete(members(id, viewer.id))).status).toBe(204);
      expect(refused(await viewer.get(members(id)))).toEqual([404, 'workspace_not_found']);
      expect(refused(await admin.delete(members(id, member.id)))).toEqual([404, 'member_not_found']);
    });

    it('always include an owner', async () => {
      const { id, owner } = await team('admin');
      expect(refused(await owner.patch(members(id, owner.id), { role: 'admin' }))).toEqual([409, 'last_owner']);
      expect(refused(await owner.delete(members(id, owner.id)))).toEqual([409, 'last_owner']);
      expect((await owner.patch(members(id, owner.id), { role: 'owner' })).status).toBe(200);
      const home = owner.workspaceId;
      expect(refused(await owner.delete(members(home, owner.id)))).toEqual([409, 'last_owner']);
    });

    it('of a personal workspace always include its person as an owner', async () => {
      const [person, guest] = [await parley.user(), await parley.user()];
      await parley.database.query(`INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'owner')`, [
        person.workspaceId,
        guest.id,
      ]);
      const path = members(person.workspaceId, person.id);
      expect(refused(await guest.delete(path))).toEqual([409, 'personal_workspace']);
      expect(refused(await person.patch(path, { role: 'viewer' }))).toEqual([409, 'personal_workspace']);
    });

    it.each(['demote themselves', 'demote each other', 'leave'])(
      'keep an owner when the last two %s at once',
      async (how) => {
        for (let round = 0; round < 8; round++) {
          const { id, owner, people } = await team('owner');
          const pair = [owner, people[0]];
          const answers = await Promise.all(
            pair.map((one, i) =>
              how === 'leave'
                ? one.delete(members(id, one.id))
                : one.patch(members(id, (how === 'demote themselves' ? one : pair[1 - i]!).id), { role: 'member' }),
            ),
          );
          expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
          const owners = await parley.database.query(
            `SELECT 1 FROM memberships WHERE workspace_id = $1 AND role = 'owner'`,
            [id],
          );
          expect(owners).toHaveLength(1);
        }
      },
    );
  });
});
