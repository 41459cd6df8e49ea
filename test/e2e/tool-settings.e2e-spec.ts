import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

describe('the settings of tools', () => {
  let parley: TestParley;
  let owner: TestUser;
  let member: TestUser;
  let stranger: TestUser;
  beforeAll(async () => {
    parley = await startParley({ yaml: 'tools: { disabled: [weather] }' });
    const user = await parley.user();
    const workspace = (await user.post('/v1/workspaces', { name: 'Team' })).body.id as string;
    owner = user.with({ ...user.headers, 'x-workspace-id': workspace });
    const invited = await parley.user();
    const invitation = { email: invited.email, role: 'member' };
    const { body } = await owner.post(`/v1/workspaces/${workspace}/invitations`, invitation);
    await invited.post('/v1/invitations/accept', { token: body.token });
    member = invited.with({ ...invited.headers, 'x-workspace-id': workspace });
    stranger = await parley.user();
  });
  afterAll(() => parley.stop());

  const hosts = async (user: TestUser) => (await user.get('/v1/tools/settings')).body;
  const put = (user: TestUser, allowed_hosts: unknown) => user.put('/v1/tools/settings', { allowed_hosts });

  it('list the tools that are built in, without what is switched off or not configured', async () => {
    const { body } = await owner.get('/v1/tools');
    const names = (body.data as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'calculator',
        'current_time',
        'http_get',
        'web_page',
        'search_documents',
        'read_document',
      ]),
    );
    expect(names).not.toContain('weather');
    expect(names).not.toContain('web_search');
  });

  it('allow every public host until somebody says which, for one workspace', async () => {
    expect(await hosts(member)).toEqual({ allowed_hosts: null });
    const { status, body } = await put(owner, [
      'Example.com',
      '*.bücher.example',
      'example.com.',
      '[2606:4700:0::1111]',
    ]);
    expect(status).toBe(200);
    expect(body).toEqual({ allowed_hosts: ['example.com', '*.xn--bcher-kva.example', '[2606:4700::1111]'] });
    expect(await hosts(member)).toEqual(body);
    expect(await hosts(stranger)).toEqual({ allowed_hosts: null });
    expect((await put(owner, [])).body).toEqual({ allowed_hosts: [] });
    expect((await put(owner, null)).body).toEqual({ allowed_hosts: null });
  });

  it('hold for the tools of a chat', async () => {
    const ask = async (url: string) => {
      const message = `call http_get ${JSON.stringify({ url })}`;
      const { status, body } = await member.post('/v1/chat', {
        model: 'demo/echo',
        message,
        server_tools: ['http_get'],
      });
      expect(status).toBe(200);
      return JSON.stringify(body);
    };
    await put(owner, ['example.com']);
    expect(await ask('http://example.org/')).toContain(
      'The host example.org is not among those this workspace allows.',
    );
    await put(owner, null);
    expect(await ask(parley.url)).toContain('Its server is not a public one.');
  });

  it('are for those who manage the workspace', async () => {
    const { status, body } = await put(member, []);
    expect([status, body.error.code]).toEqual([403, 'insufficient_role']);
    const narrowed = parley.anonymous().with({ authorization: `Bearer ${await owner.apiKey({ scopes: ['tools'] })}` });
    expect((await put(narrowed, [])).body.error.code).toBe('insufficient_scope');
  });

  it.each([
    [undefined, 'allowed_hosts'],
    ['example.com', 'allowed_hosts'],
    [[1], 'allowed_hosts'],
    [['example.com', 'https://example.com/'], 'allowed_hosts[1]'],
    [['*'], 'allowed_hosts[0]'],
    [['example.com:443'], 'allowed_hosts[0]'],
    [Array.from({ length: 201 }, (_, i) => `${i}.example.com`), 'allowed_hosts'],
  ])('refuse %j', async (given, field) => {
    const { status, body } = await put(owner, given);
    expect([status, body.error.code]).toEqual([400, 'validation_failed']);
    expect(body.error.details).toMatchObject([{ field }]);
  });

  it('are in the audit log, when they change', async () => {
    await put(owner, ['example.com']);
    await put(owner, ['example.com']);
    await put(owner, null);
    const { body } = await owner.get('/v1/audit?action=tools.settings_changed&limit=2');
    expect(body.data.map(({ changes }: { changes: object }) => changes)).toEqual([
      { allowed_hosts: { before: ['example.com'], after: null } },
      { allowed_hosts: { before: null, after: ['example.com'] } },
    ]);
  });
});
