import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';
import { until } from '../support/until';

describe('a membership', () => {
  let parley: TestParley;
  let owner: TestUser;
  let member: TestUser;
  let path: string;
  beforeAll(async () => {
    parley = await startParley();
    const [first, guest] = [await parley.user(), await parley.user()];
    const invited = { email: guest.email, role: 'member' };
    const { token } = (await first.post(`/v1/workspaces/${first.workspaceId}/invitations`, invited)).body;
    expect((await guest.post('/v1/invitations/accept', { token })).status).toBe(200);
    owner = first;
    member = guest.with({ ...guest.headers, 'x-workspace-id': first.workspaceId });
    path = `/v1/workspaces/${first.workspaceId}/members/${guest.id}`;
  });
  afterAll(() => parley.stop());

  const refused = ({ status, body }: { status: number; body: any }) => [status, body.error?.code];
  const ask = (user: TestUser, fields: object) =>
    user.post('/v1/chat', { message: 'Hi', model: 'demo/echo', ...fields });

  it('may end with a time, for them and their keys, but not for owners', async () => {
    const key = await member.apiKey();
    const by = parley.anonymous().with({ 'x-api-key': key });
    const soon = new Date(Date.now() + 1_500);
    expect((await owner.patch(path, { expires_at: soon.toISOString() })).body).toMatchObject({
      expires_at: soon.toISOString(),
    });
    expect([(await ask(member, {})).status, (await ask(by, {})).status]).toEqual([200, 200]);
    for (const who of [member, by]) {
      const answer = await until(
        () => ask(who, {}),
        ({ status }) => status !== 200,
      );
      expect(refused(answer)).toEqual([403, 'membership_expired']);
    }
    expect(Date.now()).toBeGreaterThanOrEqual(soon.getTime());
    expect((await owner.patch(path, { expires_at: null })).status).toBe(200);
    expect([(await ask(member, {})).status, (await ask(by, {})).status]).toEqual([200, 200]);

    const past = { expires_at: '2020-01-01T00:00:00Z' };
    expect(refused(await owner.patch(path, past))).toEqual([400, 'validation_failed']);
    expect(refused(await owner.patch(path, { role: 'owner', expires_at: '2099-01-01T00:00:00Z' }))).toEqual([
      400,
      'validation_failed',
    ]);
    await owner.patch(path, { expires_at: '2099-01-01T00:00:00Z' });
    expect((await owner.patch(path, { role: 'owner' })).body).toMatchObject({ role: 'owner', expires_at: null });
  });
});
