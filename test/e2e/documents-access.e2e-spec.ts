import { collection, settled, text, upload } from '../support/documents';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

jest.setTimeout(60_000);

const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;

describe('access to collections', () => {
  let parley: TestParley;
  /** Of one workspace, by role; and a member who makes the collections. */
  const team = {} as Record<(typeof ROLES)[number] | 'maker' | 'stranger', TestUser>;
  beforeAll(async () => {
    parley = await startParley();
    const owner = await parley.user();
    const workspace = (await owner.post('/v1/workspaces', { name: 'Team' })).body.id as string;
    const there = (user: TestUser) =>
      Object.assign(user.with({ ...user.headers, 'x-workspace-id': workspace }), { id: user.id });
    const join = async (role: string) => {
      const user = await parley.user();
      const invitation = { email: user.email, role };
      const { body } = await there(owner).post(`/v1/workspaces/${workspace}/invitations`, invitation);
      await user.post('/v1/invitations/accept', { token: body.token });
      return there(user);
    };
    team.owner = there(owner);
    for (const role of ['admin', 'member', 'viewer'] as const) team[role] = await join(role);
    team.maker = await join('member');
    team.stranger = await parley.user();
  });
  afterAll(() => parley.stop());

  /** Statuses of reading, adding to, renaming, opening up and deleting a collection of the maker's, by each role. */
  const matrix = async (access: string) => {
    const outcomes: Record<string, number[]> = {};
    for (const role of [...ROLES, 'maker', 'stranger'] as const) {
      const user = team[role];
      const id = await collection(team.maker, { access });
      const document = await text(team.maker, id, 'Known', 'What everybody should know.');
      const other = access === 'workspace' ? 'read_only' : 'workspace';
      const of = async (answer: Promise<{ status: number }>) => (await answer).status;
      outcomes[role] = [
        await of(user.get(`/v1/collections/${id}`)),
        await of(user.get(`/v1/documents/${document.id}`)),
        await of(user.post(`/v1/collections/${id}/documents`, { title: 'New', text: `New by ${role}` })),
        await of(user.patch(`/v1/documents/${document.id}`, { metadata: { by: role } })),
        await of(user.patch(`/v1/collections/${id}`, { name: 'Renamed' })),
        await of(user.patch(`/v1/collections/${id}`, { access: other })),
        await of(user.delete(`/v1/collections/${id}`)),
      ];
    }
    return outcomes;
  };

  const NOTHING = [404, 404, 404, 404, 404, 404, 404];
  const ALL = [200, 200, 202, 200, 200, 200, 204];
  const VIEWER = [200, 200, 403, 403, 403, 403, 403];

  it('private: its owner alone', async () => {
    expect(await matrix('private')).toEqual({
      owner: NOTHING,
      admin: NOTHING,
      member: NOTHING,
      viewer: [404, 404, 403, 403, 403, 403, 403],
      maker: ALL,
      stranger: NOTHING,
    });
  });

  it('workspace: every member reads and writes; its owner and admins open, close and delete it', async () => {
    expect(await matrix('workspace')).toEqual({
      owner: ALL,
      admin: ALL,
      member: [200, 200, 202, 200, 200, 403, 403],
      viewer: VIEWER,
      maker: ALL,
      stranger: NOTHING,
    });
  });

  it('read_only: every member reads, its owner and admins write', async () => {
    expect(await matrix('read_only')).toEqual({
      owner: ALL,
      admin: ALL,
      member: [200, 200, 403, 403, 403, 403, 403],
      viewer: VIEWER,
      maker: ALL,
      stranger: NOTHING,
    });
  });

  it('of who leaves the workspace ends, and what was private falls to those who administer it', async () => {
    const { owner, admin, member } = team;
    const leaver = await parley.user();
    const invitation = { email: leaver.email, role: 'member' };
    const { body } = await owner.post(`/v1/workspaces/${owner.headers['x-workspace-id']}/invitations`, invitation);
    await leaver.post('/v1/invitations/accept', { token: body.token });
    const there = leaver.with({ ...leaver.headers, 'x-workspace-id': owner.headers['x-workspace-id']! });
    const id = await collection(there, { name: 'Left behind' });
    const document = await text(there, id, 'Left', 'What was left behind.');
    await settled(there, document.id);
    const slow = await text(there, id, 'Endless', 'Not finished yet.');
    await parley.database.query(`UPDATE documents SET status = 'running', lease_expires_at = now() + interval '1 hour',
      job_version = job_version + 1 WHERE id = '${slow.id}'`);
    const events = there.events(`/v1/documents/${slow.id}/events`);
    expect((await events.next()).value).toMatchObject({ event: 'document.progress' });
    expect((await owner.get(`/v1/collections/${id}`)).status).toBe(404);

    expect((await owner.delete(`/v1/workspaces/${owner.headers['x-workspace-id']}/members/${leaver.id}`)).status).toBe(
      204,
    );
    await parley.database.query(`UPDATE documents SET progress = 50 WHERE id = '${slow.id}'`);
    const told: any[] = [];
    for await (const event of events) told.push(event);
    expect(told.map(({ event }) => event)).toEqual(['error']);

    expect((await member.get(`/v1/collections/${id}`)).status).toBe(404);
    const listed = (await admin.get('/v1/collections?limit=100')).body.data.map((one: any) => one.id);
    expect(listed).toContain(id);
    expect((await admin.get(`/v1/documents/${document.id}`)).status).toBe(404);
    expect((await admin.patch(`/v1/collections/${id}`, { access: 'workspace' })).status).toBe(200);
    expect((await admin.get(`/v1/documents/${document.id}`)).status).toBe(200);
    expect((await owner.delete(`/v1/collections/${id}`)).status).toBe(204);
  });

  it('is not given, named or changed by null', async () => {
    const id = await collection(team.owner);
    for (const fields of [{ name: null }, { name: 'n', chunking: null }, { name: 'n', access: null }, {}]) {
      expect((await team.owner.post('/v1/collections', fields)).body.error.code).toBe('validation_failed');
    }
    for (const fields of [{ name: null }, { chunking: null }, { access: null }, { chunking: { size: null } }])
      expect((await team.owner.patch(`/v1/collections/${id}`, fields)).body.error.code).toBe('validation_failed');
    const search = { query: 'x', rerank: { by: 'llm', model: null } };
    expect((await team.owner.post(`/v1/collections/${id}/search`, search)).body.error.code).toBe('validation_failed');
  });

  it('keeps a thousand of the files that were refused in mind', async () => {
    const user = await parley.user();
    const id = await collection(user);
    await parley.database
      .query(`INSERT INTO documents (id, workspace_id, collection_id, user_id, title, version, status)
      SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '${user.workspaceId}', '${id}', '${user.id}', n::text, 1, 'failed'
      FROM generate_series(1, 1200) AS n`);
    const kept = await text(user, id, 'Kept', 'It has bytes.');
    const refused = await upload(user, id, [{ name: 'empty.txt', content: '' }]);
    expect(refused.body.data).toMatchObject([{ status: 'failed', error: { code: 'document_empty' } }]);
    const [{ n }] = (await parley.database.query(
      `SELECT count(*)::int AS n FROM documents WHERE collection_id = '${id}'`,
    )) as [{ n: number }];
    expect(n).toBe(1_001);
    expect((await user.get(`/v1/documents/${kept.id}`)).status).toBe(200);
  });

  it('lists what the caller may read, and nothing else', async () => {
    const own = await collection(team.member);
    const hidden = await collection(team.maker);
    const shared = await collection(team.maker, { access: 'read_only' });
    const ids = (await team.member.get('/v1/collections?limit=100')).body.data.map(({ id }: any) => id);
    expect(ids).toEqual(expect.arrayContaining([own, shared]));
    expect(ids).not.toContain(hidden);
    expect((await team.stranger.get('/v1/collections')).body.data).toEqual([]);
    expect((await upload(team.member, hidden, [{ name: 'a.txt', content: 'text' }])).status).toBe(404);
    expect((await upload(team.member, shared, [{ name: 'a.txt', content: 'text' }])).status).toBe(403);
  });

  it('is in the audit log when it changes, and so is the end of a collection', async () => {
    const id = await collection(team.maker);
    await team.maker.patch(`/v1/collections/${id}`, { name: 'Other' });
    await team.maker.patch(`/v1/collections/${id}`, { access: 'workspace' });
    await team.admin.delete(`/v1/collections/${id}`);
    const { body } = await team.owner.get('/v1/audit?limit=100');
    const entries = body.data.filter(({ target_id }: any) => target_id === id);
    expect(entries).toMatchObject([
      { action: 'collection.deleted', changes: { name: { before: 'Other', after: null } } },
      {
        action: 'collection.access_changed',
        actor_id: team.maker.id,
        changes: { access: { before: 'private', after: 'workspace' } },
      },
    ]);
  });

  it('ends with the collection: its documents are gone at once, its rows soon after', async () => {
    const id = await collection(team.maker);
    const document = await text(team.maker, id, 'Known', 'What everybody should know.');
    await settled(team.maker, document.id);
    await team.maker.delete(`/v1/collections/${id}`);
    expect((await team.maker.get(`/v1/documents/${document.id}`)).status).toBe(404);
    expect((await team.maker.get(`/v1/collections/${id}/documents`)).status).toBe(404);
  });
});

describe('keys narrowed to scopes', () => {
  it('read with documents:read and write with documents:write', async () => {
    const parley = await startParley();
    try {
      const alice = await parley.user();
      const id = await collection(alice);
      const [reader, writer, chatter] = await Promise.all(
        [['documents:read'], ['documents:read', 'documents:write'], ['chat']].map(async (scopes) =>
          parley.anonymous().with({ 'x-api-key': await alice.apiKey({ scopes }) }),
        ),
      );
      const body = { title: 'A', text: 'Some text to keep.' };
      expect((await reader!.get(`/v1/collections/${id}`)).status).toBe(200);
      expect((await reader!.post(`/v1/collections/${id}/documents`, body)).body.error.code).toBe('insufficient_scope');
      expect((await writer!.post(`/v1/collections/${id}/documents`, body)).status).toBe(202);
      expect((await chatter!.get('/v1/collections')).body.error.code).toBe('insufficient_scope');
    } finally {
      await parley.stop();
    }
  });
});

describe('limits', () => {
  let parley: TestParley;
  afterAll(() => parley.stop());

  it('of the tier and of the installation hold for each file, and for how many there are, also at once', async () => {
    parley = await startParley({
      yaml: 'tiers: { small: { max_upload: 64kb, max_documents: 5 } }\ndefault_tier: small\ndocuments: { max_upload: 1mb }\n',
    });
    const alice = await parley.user();
    const id = await collection(alice);
    const large = { name: 'large.txt', content: 'large '.repeat(20_000) };
    const first = await upload(alice, id, [large, { name: 'fits.txt', content: 'this one fits' }]);
    expect(first.body.data).toMatchObject([
      { status: 'failed', error: { code: 'payload_too_large' } },
      { status: 'queued', title: 'fits.txt' },
    ]);
    const many = await Promise.all(
      Array.from({ length: 10 }, (_, i) => upload(alice, id, [{ name: `${i}.txt`, content: `number ${i}` }])),
    );
    const statuses = many.map(({ body }) => body.data[0].error?.code ?? 'taken');
    expect(statuses.filter((status) => status === 'taken')).toHaveLength(4);
    expect(statuses.filter((status) => status === 'too_many_documents')).toHaveLength(6);
    const kept = await parley.database.query(`SELECT id FROM documents WHERE blob_key IS NOT NULL`);
    expect(kept).toHaveLength(5);
    await alice.delete(`/v1/documents/${first.body.data[1].id}`);
    const { body } = await upload(alice, id, [{ name: 'room.txt', content: 'there is room again' }]);
    expect(body.data[0].error).toBeNull();
  });
});
