import { randomUUID } from 'node:crypto';
import { FIELDS, savedAgent, UNSAID } from '../support/agents';
import { collection } from '../support/documents';
import { joined } from '../support/members';
import { startParley, type TestParley } from '../support/parley';

const AGENTS = '/v1/agents';
/** Values that are refused, by field. */
const BAD: Record<string, unknown[]> = {
  name: [undefined, '', 'two words', 'support@2', 'a\n', 'x'.repeat(65), randomUUID(), ['support'], null],
  instructions: [1, 'x'.repeat(100_001)],
  tools: ['calculator', [1], Array.from({ length: 129 }, (_, i) => `t${i}`)],
  collection_ids: [['handbooks']],
  max_steps: [0, 1.5],
  max_cost_usd: [0.5, '-1', '1e3', '0.0000000000001'],
  max_duration_ms: ['1s', -1],
  temperature: [3, '0'],
  reasoning_effort: ['huge'],
  metadata: [[], { x: 'x'.repeat(17_000) }],
  version: [1],
  modle: ['demo/echo'],
};

describe('saved agents', () => {
  let parley: TestParley;
  beforeAll(async () => {
    parley = await startParley();
  });
  afterAll(() => parley.stop());

  const code = ({ status, body }: { status: number; body: any }) => [status, body.error?.code];

  it('are kept as they were said, with nothing but a name if that is all', async () => {
    const user = await parley.user();
    const documents = await collection(user);
    const doubled = { tools: [...FIELDS.tools, 'calculator'], collection_ids: [documents, documents] };
    const agent = await savedAgent(user, { ...FIELDS, ...doubled, max_cost_usd: '0.5' });
    expect(agent).toEqual({
      ...FIELDS,
      id: expect.any(String),
      name: 'support',
      collection_ids: [documents],
      version: 1,
      created_by: user.id,
      created_at: expect.any(String),
      updated_at: agent.created_at,
    });
    expect((await user.get(`${AGENTS}/${agent.id}`)).body).toEqual(agent);
    expect(await savedAgent(user, { name: 'bare' })).toMatchObject({ ...UNSAID, name: 'bare', version: 1 });
    const nulls = Object.fromEntries(Object.keys(UNSAID).map((field) => [field, null]));
    expect(await savedAgent(user, { name: 'nulls', ...nulls })).toMatchObject(UNSAID);
  });

  it('are listed page by page to everybody in the workspace', async () => {
    const owner = await parley.user();
    const viewer = await joined(owner, 'viewer');
    for (const name of ['a', 'b', 'c']) await savedAgent(owner, { name });
    const page = (await viewer.get(`${AGENTS}?limit=2`)).body;
    expect([page.has_more, ...page.data.map((one: any) => one.name)]).toEqual([true, 'c', 'b']);
    const rest = (await viewer.get(`${AGENTS}?limit=2&after=${page.last_id}`)).body;
    expect([rest.has_more, ...rest.data.map((one: any) => one.name)]).toEqual([false, 'a']);
    expect((await viewer.get(`${AGENTS}?order=asc&limit=1`)).body.data[0].name).toBe('a');
  });

  describe('when they are changed', () => {
    it('have another version, which says all that it is told', async () => {
      const user = await parley.user();
      const { id, ...first } = await savedAgent(user, FIELDS);
      const changed = await user.patch(`${AGENTS}/${id}`, { name: 'helper', temperature: 1, tools: ['calculator'] });
      const second = { ...first, name: 'helper', temperature: 1, tools: ['calculator'], version: 2 };
      expect([changed.status, changed.body]).toEqual([200, { ...second, id, updated_at: expect.any(String) }]);
      expect((await user.get(`${AGENTS}/${id}`)).body).toEqual(changed.body);

      const { data } = (await user.get(`${AGENTS}/${id}/versions`)).body;
      expect(data.map((one: any) => [one.version, one.name, one.agent_id, one.created_by])).toEqual([
        [2, 'helper', id, user.id],
        [1, 'support', id, user.id],
      ]);
      const one = await user.get(`${AGENTS}/${id}/versions/1`);
      expect([one.status, one.body]).toEqual([200, data[1]]);
      expect(one.body).toMatchObject(FIELDS);
      const older = (await user.get(`${AGENTS}/${id}/versions?limit=1&after=${data[0].id}`)).body;
      expect(older).toMatchObject({ has_more: false, data: [{ version: 1 }] });
      const oldest = (await user.get(`${AGENTS}/${id}/versions?limit=1&order=asc`)).body;
      expect(oldest).toMatchObject({ has_more: true, data: [{ version: 1 }] });
    });

    it('have none when nothing changes', async () => {
      const user = await parley.user();
      const agent = await savedAgent(user, FIELDS);
      const { metadata } = FIELDS;
      for (const same of [
        {},
        { ...FIELDS, name: 'support' },
        { max_cost_usd: '0.5', metadata: { nested: metadata.nested, team: metadata.team }, version: 1 },
      ]) {
        const { status, body } = await user.patch(`${AGENTS}/${agent.id}`, same);
        expect([status, body]).toEqual([200, agent]);
      }
    });

    it('lose what is null, and keep what is absent', async () => {
      const user = await parley.user();
      const { id } = await savedAgent(user, FIELDS);
      for (const [field, unsaid] of Object.entries(UNSAID)) {
        const { body } = await user.patch(`${AGENTS}/${id}`, { [field]: null });
        expect([field, body[field]]).toEqual([field, unsaid]);
        expect(body.name).toBe('support');
      }
      expect((await user.get(`${AGENTS}/${id}`)).body).toMatchObject({ ...UNSAID, version: 12 });
      expect((await user.get(`${AGENTS}/${id}/versions/1`)).body).toMatchObject(FIELDS);
      expect(code(await user.patch(`${AGENTS}/${id}`, { name: null }))).toEqual([400, 'validation_failed']);
    });

    it('go back to what a version said', async () => {
      const user = await parley.user();
      const { id } = await savedAgent(user, FIELDS);
      await user.patch(`${AGENTS}/${id}`, { instructions: 'Be rude.', max_steps: null });
      const { body } = await user.patch(`${AGENTS}/${id}`, { from_version: 1, max_steps: 3 });
      expect(body).toMatchObject({ ...FIELDS, max_steps: 3, version: 3 });
      const unknown = await user.patch(`${AGENTS}/${id}`, { from_version: 4 });
      expect(code(unknown)).toEqual([404, 'agent_version_not_found']);
    });

    it('lose no change of many at once, and none to who had not seen it', async () => {
      const user = await parley.user();
      const { id } = await savedAgent(user);
      const limits = Array.from({ length: 20 }, (_, i) => i + 1);
      const answers = await Promise.all(limits.map((max_steps) => user.patch(`${AGENTS}/${id}`, { max_steps })));
      expect(answers.map(({ status }) => status)).toEqual(limits.map(() => 200));
      const { data } = (await user.get(`${AGENTS}/${id}/versions?limit=100&order=asc`)).body;
      expect(data.map((one: any) => one.version)).toEqual([1, ...limits.map((i) => i + 1)]);
      expect(new Set(data.map((one: any) => one.max_steps))).toEqual(new Set([null, ...limits]));

      const seen = { version: 21 };
      const careful = await Promise.all(
        limits.map((i) => user.patch(`${AGENTS}/${id}`, { ...seen, description: `by ${i}` })),
      );
      expect(careful.filter(({ status }) => status === 200)).toHaveLength(1);
      const late = careful.filter(({ status }) => status !== 200);
      expect(late.map(code)).toEqual(limits.slice(1).map(() => [409, 'agent_changed']));
      expect(late[0]!.body.error).toMatchObject({ param: 'version', details: [{ version: 22 }] });
      expect((await user.get(`${AGENTS}/${id}`)).body.version).toBe(22);
    });
  });

  describe('have a name', () => {
    it('that is given once among twenty at a time, and to others of the workspace by no change', async () => {
      const user = await parley.user();
      const answers = await Promise.all(Array.from({ length: 20 }, () => user.post(AGENTS, { name: 'wanted' })));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      const refused = answers.filter(({ status }) => status !== 201);
      expect(refused.map(code)).toEqual(refused.map(() => [409, 'agent_name_taken']));

      const others = await Promise.all(['a', 'b', 'c'].map((name) => savedAgent(user, { name })));
      const renamed = await Promise.all(others.map(({ id }) => user.patch(`${AGENTS}/${id}`, { name: 'next' })));
      expect(renamed.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
      const { id } = others.find((_, i) => renamed[i]!.status === 409)!;
      expect((await user.get(`${AGENTS}/${id}/versions`)).body.data).toHaveLength(1);
      expect(await savedAgent(await parley.user(), { name: 'wanted' })).toMatchObject({ name: 'wanted' });
    });

    it('that is free again once they are deleted', async () => {
      const user = await parley.user();
      const { id } = await savedAgent(user);
      expect((await user.delete(`${AGENTS}/${id}`)).status).toBe(204);
      for (const answer of [
        await user.get(`${AGENTS}/${id}`),
        await user.patch(`${AGENTS}/${id}`, { max_steps: 1 }),
        await user.delete(`${AGENTS}/${id}`),
        await user.get(`${AGENTS}/${id}/versions`),
        await user.get(`${AGENTS}/${id}/versions/1`),
      ]) {
        expect(code(answer)).toEqual([404, 'agent_not_found']);
      }
      expect((await user.get(AGENTS)).body.data).toEqual([]);
      expect((await savedAgent(user)).id).not.toBe(id);
    });
  });

  describe('are refused', () => {
    it('with fields that are none, or not what they should be, by their names', async () => {
      const user = await parley.user();
      for (const [field, values] of Object.entries(BAD)) {
        for (const value of values) {
          const { status, body } = await user.post(AGENTS, { name: 'x', [field]: value });
          const told = [status, body.error.code, body.error.param?.split('[')[0]];
          expect([field, value, ...told]).toEqual([field, value, 400, 'validation_failed', field]);
        }
      }
      expect((await user.post(AGENTS, { name: 'x', instructions: 'a\0b' })).status).toBe(400);
      expect((await user.get(AGENTS)).body.data).toEqual([]);
    });

    it('with what is not there, or not for who says so', async () => {
      const [user, other] = [await parley.user(), await parley.user()];
      const foreign = await collection(other);
      const { id } = await savedAgent(user, { name: 'known' });
      const restricted = await user.apiKey({ allowed_models: ['demo/lorem'] });
      const narrow = await user.apiKey({ scopes: ['agents'] });
      const by = (key: string) => parley.anonymous().with({ 'x-api-key': key });
      for (const [who, fields, expected] of [
        [user, { model: 'demo/none' }, [400, 'model_not_found']],
        [by(restricted), { model: 'demo/echo' }, [403, 'model_not_allowed']],
        [user, { tools: ['calculator', 'none'] }, [404, 'tool_not_found']],
        [user, { tools: ['none_*'] }, [404, 'tool_not_found']],
        [user, { approve: ['none'] }, [404, 'tool_not_found']],
        [by(narrow), { tools: ['calculator'] }, [403, 'insufficient_scope']],
        [user, { collection_ids: [foreign] }, [404, 'collection_not_found']],
        [by(narrow), { collection_ids: [foreign] }, [403, 'insufficient_scope']],
      ] as const) {
        expect(code(await who.post(AGENTS, { name: 'x', ...fields }))).toEqual(expected);
        expect(code(await who.patch(`${AGENTS}/${id}`, fields))).toEqual(expected);
      }
      expect((await user.get(AGENTS)).body.data).toMatchObject([{ id, version: 1 }]);
      expect((await by(narrow).post(AGENTS, { name: 'x' })).status).toBe(201);
    });

    it('when a version is none', async () => {
      const user = await parley.user();
      const { id } = await savedAgent(user);
      for (const version of ['2', '0', '-1', '1.0', 'x', '01', '99999999999', randomUUID(), '%00']) {
        const answer = await user.get(`${AGENTS}/${id}/versions/${version}`);
        expect([version, ...code(answer)]).toEqual([version, 404, 'agent_version_not_found']);
      }
    });
  });

  it('are changed and deleted by who made them and those who administer the workspace', async () => {
    const owner = await parley.user();
    const [admin, maker, member, viewer] = await Promise.all(
      ['admin', 'member', 'member', 'viewer'].map((role) => joined(owner, role)),
    );
    const stranger = await parley.user();
    const key = parley.anonymous().with({ 'x-api-key': await owner.apiKey({ scopes: ['chat'] }) });
    const done = [200, undefined];
    const role = [403, 'insufficient_role'];
    const missing = [404, 'agent_not_found'];
    const scope = [403, 'insufficient_scope'];
    for (const [who, reading, changing] of [
      [owner, done, done],
      [admin!, done, done],
      [maker!, done, done],
      [member!, done, role],
      [viewer!, done, role],
      [stranger, missing, missing],
      [key, scope, scope],
    ] as const) {
      const { id } = await savedAgent(maker!, { name: `agent-${randomUUID().slice(0, 8)}` });
      const path = `${AGENTS}/${id}`;
      for (const read of [path, `${path}/versions`, `${path}/versions/1`]) {
        expect(code(await who.get(read))).toEqual(reading);
      }
      expect(code(await who.patch(path, { description: 'Changed' }))).toEqual(changing);
      expect(code(await who.delete(path))).toEqual(changing === done ? [204, undefined] : changing);
      expect((await owner.get(path)).status).toBe(changing === done ? 404 : 200);
    }
    expect(code(await viewer!.post(AGENTS, { name: 'x' }))).toEqual(role);
  });

  it('name what others can not reach, and can still be changed in everything else by those', async () => {
    const owner = await parley.user();
    const member = await joined(owner, 'member');
    const secret = await collection(member, { access: 'private' });
    const { id } = await savedAgent(member, { collection_ids: [secret] });
    const { status, body } = await owner.patch(`${AGENTS}/${id}`, { max_steps: 2 });
    expect([status, body.collection_ids, body.max_steps]).toEqual([200, [secret], 2]);
    expect(code(await owner.patch(`${AGENTS}/${id}`, { collection_ids: [secret] }))).toEqual([
      404,
      'collection_not_found',
    ]);
    expect(code(await owner.patch(`${AGENTS}/${id}`, { from_version: 1 }))).toEqual([404, 'collection_not_found']);
  });

  it('are in the audit log with every version, but what they are told', async () => {
    const owner = await parley.user();
    const { id } = await savedAgent(owner, { instructions: 'Between us', max_steps: 2 });
    await owner.patch(`${AGENTS}/${id}`, { max_steps: 3 });
    await owner.patch(`${AGENTS}/${id}`, { max_steps: 3 });
    await owner.patch(`${AGENTS}/${id}`, { instructions: 'Between us two' });
    await owner.delete(`${AGENTS}/${id}`);
    const { data } = (await owner.get('/v1/audit?order=asc')).body;
    const told = data.filter((one: any) => one.target_type === 'agent');
    expect(told.map((one: any) => [one.action, one.target_id, one.actor_id])).toEqual(
      ['created', 'changed', 'changed', 'deleted'].map((what) => [`agent.${what}`, id, owner.id]),
    );
    expect(told.map((one: any) => one.changes.version)).toEqual([
      { before: null, after: 1 },
      { before: 1, after: 2 },
      { before: 2, after: 3 },
      { before: 3, after: null },
    ]);
    expect(told[1].changes).toEqual({ version: { before: 1, after: 2 }, max_steps: { before: 2, after: 3 } });
    expect(JSON.stringify(data)).not.toContain('Between us');
  });
});
