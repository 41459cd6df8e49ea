import { startParley, type TestParley } from '../support/parley';
import { startSmtp } from '../support/smtp';
import { until } from '../support/until';
import { TestUser } from '../support/user';

const ACCEPT = '/v1/invitations/accept';
const PASSWORD = 'correct horse battery';

describe('invitations', () => {
  let parley: TestParley;
  beforeAll(async () => (parley = await startParley()));
  afterAll(() => parley.stop());

  const refused = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [
    status,
    body.error?.code,
  ];
  const team = async () => {
    const owner = await parley.user();
    const { id } = (await owner.post('/v1/workspaces', { name: 'Team' })).body as { id: string };
    const path = `/v1/workspaces/${id}/invitations`;
    const members = `/v1/workspaces/${id}/members`;
    const invite = async (email: string, role = 'member', by = owner) => {
      const { status, body } = await by.post(path, { email, role });
      expect([status, body.error]).toEqual([201, undefined]);
      return body as { id: string; token: string; email: string };
    };
    /** Somebody new who was invited and came. */
    const join = async (role: string) => {
      const person = await parley.user();
      const { token } = await invite(person.email, role);
      expect((await person.post(ACCEPT, { token })).status).toBe(200);
      return person;
    };
    return { id, owner, path, members, invite, join };
  };

  it('make the invited person a member, in the role that was given', async () => {
    const { id, owner, path, invite } = await team();
    const guest = await parley.user();
    expect((await guest.get(`/v1/workspaces/${id}`)).status).toBe(404);
    const { token, ...invitation } = await invite(guest.email.toUpperCase(), 'admin');
    expect(invitation).toMatchObject({ workspace_id: id, email: guest.email.toUpperCase(), invited_by: owner.id });
    expect((await owner.get(path)).body.data).toEqual([invitation]);
    const accepted = await guest.post(ACCEPT, { token });
    expect(accepted.body).toMatchObject({ id, name: 'Team', role: 'admin', personal: false });
    expect((await guest.get(`/v1/workspaces/${id}`)).body).toMatchObject({ role: 'admin' });
    expect((await owner.get(path)).body.data).toEqual([]);
    expect(refused(await guest.post(ACCEPT, { token }))).toEqual([400, 'invalid_invitation']);
    const told = await owner.get('/v1/audit', { headers: { 'x-workspace-id': id } });
    expect(told.body.data[0]).toMatchObject({ action: 'member.joined', actor_id: guest.id, target_id: guest.id });
    const everything = JSON.stringify([await parley.database.query('SELECT * FROM audit_log'), parley.logs]);
    expect(everything).not.toContain(token);
  });

  it('are for the address alone, and stay when somebody else tries', async () => {
    const { invite } = await team();
    const [guest, other] = [await parley.user(), await parley.user()];
    const { token } = await invite(guest.email);
    expect(refused(await other.post(ACCEPT, { token }))).toEqual([403, 'invitation_for_another']);
    expect((await guest.post(ACCEPT, { token })).status).toBe(200);
  });

  it.each(['', 'junk', "' OR 1=1--", 'A'.repeat(43), 'x'.repeat(600)])('are not %p', async (token) => {
    const answer = await (await parley.user()).post(ACCEPT, { token });
    expect([answer.status, answer.body.error.param]).toEqual([400, 'token']);
  });

  it('work once, however often they are used at the same time', async () => {
    const { id, owner, invite } = await team();
    const guest = await parley.user();
    const { token } = await invite(guest.email);
    const answers = await Promise.all(Array.from({ length: 8 }, () => guest.post(ACCEPT, { token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 400)]);
    const told = await owner.get('/v1/audit?action=member.joined', { headers: { 'x-workspace-id': id } });
    expect(told.body.data).toHaveLength(1);
  });

  it('are made by owners and admins, to roles up to their own', async () => {
    const { path, join } = await team();
    const [admin, member] = [await join('admin'), await join('member')];
    const to = (role: string) => ({ email: 'someone@example.com', role });
    expect(refused(await member.post(path, to('viewer')))).toEqual([403, 'insufficient_role']);
    expect(refused(await member.get(path))).toEqual([403, 'insufficient_role']);
    expect(refused(await admin.post(path, to('owner')))).toEqual([403, 'insufficient_role']);
    expect((await admin.post(path, to('admin'))).status).toBe(201);
    for (const body of [{}, { email: 'x', role: 'member' }, to('king'), { ...to('member'), token: 'mine' }]) {
      expect((await admin.post(path, body)).status).toBe(400);
    }
  });

  it('are refused to those who are members, and replace earlier ones to the same address', async () => {
    const { path, owner, invite, join } = await team();
    const member = await join('member');
    expect(refused(await owner.post(path, { email: member.email, role: 'admin' }))).toEqual([409, 'already_member']);
    const guest = await parley.user();
    const [first, second] = [await invite(guest.email), await invite(guest.email.toUpperCase(), 'viewer')];
    expect((await owner.get(path)).body.data).toMatchObject([{ id: second.id, role: 'viewer' }]);
    expect(refused(await guest.post(ACCEPT, { token: first.token }))).toEqual([400, 'invalid_invitation']);
    expect((await guest.post(ACCEPT, { token: second.token })).body.role).toBe('viewer');
  });

  it('are one, when several to the same address are made at once', async () => {
    const { path, owner } = await team();
    const body = { email: 'popular@example.com', role: 'member' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => owner.post(path, body)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 201));
    expect((await owner.get(path)).body.data).toHaveLength(1);
  });

  it('can be revoked, and expire', async () => {
    const { path, owner, invite } = await team();
    const guest = await parley.user();
    const revoked = await invite(guest.email);
    expect((await owner.delete(`${path}/${revoked.id}`)).status).toBe(204);
    expect(refused(await owner.delete(`${path}/${revoked.id}`))).toEqual([404, 'invitation_not_found']);
    expect(refused(await owner.delete(`${path}/junk`))).toEqual([404, 'invitation_not_found']);
    expect(refused(await guest.post(ACCEPT, { token: revoked.token }))).toEqual([400, 'invalid_invitation']);
    const late = await invite(guest.email);
    await parley.database.query(`UPDATE invitations SET expires_at = now() - interval '1 s' WHERE id = $1`, [late.id]);
    expect(refused(await guest.post(ACCEPT, { token: late.token }))).toEqual([400, 'invalid_invitation']);
    expect((await owner.get(path)).body.data).toEqual([]);
  });

  it('are worth what their inviter may give now', async () => {
    const { owner, members, invite, join } = await team();
    const [demoted, removed] = [await join('admin'), await join('admin')];
    const guest = await parley.user();
    const byDemoted = await invite(guest.email, 'member', demoted);
    await owner.patch(`${members}/${demoted.id}`, { role: 'member' });
    expect(refused(await guest.post(ACCEPT, { token: byDemoted.token }))).toEqual([400, 'invalid_invitation']);
    const leaving = await join('admin');
    const byExpired = await invite(guest.email, 'admin', leaving);
    await parley.database.query(`UPDATE memberships SET expires_at = now() - interval '1 s' WHERE user_id = $1`, [
      leaving.id,
    ]);
    expect(refused(await guest.post(ACCEPT, { token: byExpired.token }))).toEqual([400, 'invalid_invitation']);
    const byRemoved = await invite(guest.email, 'member', removed);
    await owner.delete(`${members}/${removed.id}`);
    expect(refused(await guest.post(ACCEPT, { token: byRemoved.token }))).toEqual([400, 'invalid_invitation']);
  });

  it('bring nobody back by a key of before, and leaving by "me" ends a membership', async () => {
    const { id, members, invite, join } = await team();
    const member = await join('admin');
    const there = member.with({ ...member.headers, 'x-workspace-id': id });
    const key = await there.apiKey();
    const byKey = parley.anonymous().with({ 'x-api-key': key });
    expect((await byKey.get('/v1/users/me')).status).toBe(200);
    expect((await member.delete(`${members}/me`)).status).toBe(204);
    expect((await byKey.get('/v1/users/me')).status).toBe(401);
    expect((await member.get(members)).status).toBe(404);
    const { token } = await invite(member.email);
    expect((await member.post(ACCEPT, { token })).status).toBe(200);
    expect((await byKey.get('/v1/users/me')).status).toBe(401);
  });

  it('are nothing to strangers', async () => {
    const { path, invite } = await team();
    const { id } = await invite('guest@example.com');
    const stranger = await parley.user();
    for (const answer of [
      await stranger.get(path),
      await stranger.post(path, { email: stranger.email, role: 'owner' }),
      await stranger.delete(`${path}/${id}`),
    ]) {
      expect(refused(answer)).toEqual([404, 'workspace_not_found']);
    }
    const own = `/v1/workspaces/${stranger.workspaceId}/invitations/${id}`;
    expect(refused(await stranger.delete(own))).toEqual([404, 'invitation_not_found']);
  });

  it('open a closed installation to the invited address, all or nothing', async () => {
    const closed = await startParley({ database: parley.database, env: { REGISTRATION: 'closed' } });
    try {
      const { id, invite } = await team();
      const { token } = await invite('New.Person@example.com');
      const register = (fields: object) =>
        closed.anonymous().post('/v1/auth/register', { password: PASSWORD, ...fields });
      const email = 'new.person@example.com';
      expect(refused(await register({ email }))).toEqual([403, 'registration_closed']);
      expect(refused(await register({ email, invitation_token: 'junk' }))).toEqual([400, 'invalid_invitation']);
      expect(refused(await register({ email: 'else@example.com', invitation_token: token }))).toEqual([
        403,
        'invitation_for_another',
      ]);
      expect(await parley.database.query(`SELECT FROM users WHERE email LIKE 'else@%' OR email = $1`, [email])).toEqual(
        [],
      );
      const answers = await Promise.all([1, 2, 3].map(() => register({ email, invitation_token: token })));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
      const { body } = answers.find(({ status }) => status === 201)!;
      const person = new TestUser(closed, { authorization: `Bearer ${body.access_token}` });
      const workspaces = (await person.get('/v1/workspaces')).body.data as { id: string; role: string }[];
      expect(workspaces.map((one) => [one.id, one.role]).sort()).toEqual(
        [
          [id, 'member'],
          [body.workspace.id, 'owner'],
        ].sort(),
      );
    } finally {
      await closed.stop();
    }
  });

  it('are sent by mail, where there is a way', async () => {
    const smtp = await startSmtp();
    const mailing = await startParley({ database: parley.database, env: { SMTP_URL: smtp.url } });
    try {
      const owner = await mailing.user();
      const invited = await owner.post(`/v1/workspaces/${owner.workspaceId}/invitations`, {
        email: 'far@example.com',
        role: 'viewer',
      });
      const mail = await until(() => smtp.mails[0]?.replaceAll('=\n', ''));
      expect(mail).toContain('RCPT TO:<far@example.com>');
      expect(mail).toContain(invited.body.token);
    } finally {
      await mailing.stop();
      await smtp.stop();
    }
  });
});
