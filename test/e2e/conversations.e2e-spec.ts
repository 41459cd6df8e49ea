import { randomUUID } from 'node:crypto';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CONVERSATIONS = '/v1/conversations';
const at = (id: string, more = '') => `${CONVERSATIONS}/${id}${more}`;

describe('conversations', () => {
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => (parley = await startParley()));
  beforeEach(async () => (alice = await parley.user()));
  afterAll(() => parley.stop());

  const say = async (id: string, content: string) => {
    const { status } = await alice.post(at(id, '/chat'), { content });
    expect(status).toBe(200);
  };
  const found = async (query: string): Promise<string[]> => {
    const { body } = await alice.get(`${CONVERSATIONS}?${query}`);
    return body.data.map(({ title }: { title: string }) => title);
  };

  it('are made with nothing or with everything', async () => {
    const nothing = await alice.post(CONVERSATIONS, {});
    expect(nothing.status).toBe(201);
    expect(nothing.body).toEqual({
      id: expect.stringMatching(UUID7),
      title: null,
      collection_ids: [],
      tools: [],
      model: null,
      system_prompt: null,
      metadata: {},
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      updated_at: nothing.body.created_at,
    });
    expect((await alice.post(CONVERSATIONS)).status).toBe(201); // no body at all
    const fields = {
      title: 'Paris 🗼',
      model: 'demo/lorem',
      system_prompt: 'Be brief.',
      metadata: { ticket: 42, tags: ['a', { b: null }] },
    };
    const { body } = await alice.post(CONVERSATIONS, fields);
    expect(body).toMatchObject(fields);
    expect((await alice.get(at(body.id))).body).toEqual({ ...body, messages: [] });
  });

  it.each([
    [{ title: 7 }, 'title', 'validation_failed'],
    [{ title: 'x'.repeat(501) }, 'title', 'validation_failed'],
    [{ metadata: [] }, 'metadata', 'validation_failed'],
    [{ metadata: 'x' }, 'metadata', 'validation_failed'],
    [{ system_prompt: {} }, 'system_prompt', 'validation_failed'],
    [{ model: '' }, 'model', 'validation_failed'],
    [{ model: 'demo/none' }, 'model', 'model_not_found'],
    [{ model: 'openai/gpt-4o' }, 'model', 'model_not_found'],
    [{ titel: 'Paris' }, 'titel', 'validation_failed'],
    [{ id: randomUUID() }, 'id', 'validation_failed'],
  ])('refuse %j, naming the field', async (fields, param, code) => {
    const id = await alice.conversation();
    for (const answer of [await alice.post(CONVERSATIONS, fields), await alice.patch(at(id), fields)]) {
      expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([400, code, param]);
    }
  });

  it('are changed field by field; null clears', async () => {
    const fields = { title: 'Paris', model: 'demo/echo', system_prompt: 'Be brief.', metadata: { a: 1 } };
    const { body: made } = await alice.post(CONVERSATIONS, fields);
    const renamed = await alice.patch(at(made.id), { title: 'Rome' });
    expect(renamed.body).toEqual({ ...made, title: 'Rome', updated_at: expect.any(String) });
    expect(Date.parse(renamed.body.updated_at)).toBeGreaterThan(Date.parse(made.updated_at));
    for (const field of ['title', 'model', 'system_prompt', 'metadata'] as const) {
      const { body } = await alice.patch(at(made.id), { [field]: null });
      expect(body[field]).toEqual(field === 'metadata' ? {} : null);
    }
    // Replaced, not merged; and taken as it is.
    const metadata = { b: "it's :quoted ? $1", toString: [null], nested: { hasOwnProperty: 1 } };
    expect((await alice.patch(at(made.id), { metadata })).body.metadata).toEqual(metadata);
    expect((await alice.get(at(made.id))).body).toMatchObject({ title: null, metadata });
  });

  it('are listed page by page, in both orders, also while new ones come', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 25; i++) ids.push(await alice.conversation({ title: `#${i}` }));
    for (const [order, expected] of [
      ['asc', ids],
      ['desc', ids.toReversed()],
    ] as const) {
      const seen: string[] = [];
      for (let after = '', more = true; more;) {
        const { body } = await alice.get(`${CONVERSATIONS}?limit=10&order=${order}${after && `&after=${after}`}`);
        const page = body.data.map(({ id }: { id: string }) => id);
        expect(body).toMatchObject({ object: 'list', first_id: page[0], last_id: page.at(-1) });
        seen.push(...page);
        [after, more] = [body.last_id, body.has_more];
        if (order === 'desc' && seen.length === 10) await alice.conversation({ title: 'meanwhile' });
      }
      expect(seen).toEqual(expected);
    }
    const { body } = await alice.get(CONVERSATIONS); // newest first, twenty of them
    expect(body.data).toHaveLength(20);
    expect(body.data[0].title).toBe('meanwhile');
  });

  it.each(['limit=0', 'limit=101', 'limit=ten', 'limit=1.5', 'after=x', 'order=up'])('refuse ?%s', async (query) => {
    const { status, body } = await alice.get(`${CONVERSATIONS}?${query}`);
    expect([status, body.error.param]).toEqual([400, query.split('=')[0]]);
    const id = await alice.conversation();
    expect((await alice.get(at(id, `/messages?${query}`))).status).toBe(400);
  });

  it('are found by what their titles and messages say', async () => {
    const paris = await alice.conversation({ title: 'Trip to Paris' });
    await say(paris, 'Which museum has the Mona Lisa?');
    const rome = await alice.conversation({ title: 'Trip to Rome' });
    await say(rome, 'A hotel near the old bridge, please: "Zum Bären"!');
    const note = await alice.conversation({ title: 'Groceries' });
    await say(note, 'Milk and bread');
    for (const [q, titles] of [
      ['paris', ['Trip to Paris']],
      ['PARIS', ['Trip to Paris']],
      ['trip', ['Trip to Rome', 'Trip to Paris']],
      ['museum', ['Trip to Paris']],
      ['bären', ['Trip to Rome']],
      ['"mona lisa"', ['Trip to Paris']],
      ['"lisa mona"', []],
      ['old hotel', ['Trip to Rome']],
      ['trip -rome', ['Trip to Paris']],
      ['milk or museum', ['Groceries', 'Trip to Paris']],
      ['nowhere', []],
      [`'; DROP TABLE conversations; --`, []],
      ['"unbalanced ( & | ! :* \\', []],
    ] as const) {
      expect([q, await found(`q=${encodeURIComponent(q)}`)]).toEqual([q, titles]);
    }
    expect(await found('q=trip&limit=1&order=asc')).toEqual(['Trip to Paris']);
    expect(await found('q=')).toHaveLength(3);
  });

  it('are gone from every read once deleted; what they cost stays', async () => {
    const id = await alice.conversation({ title: 'Secret plans' });
    await say(id, 'xylophone');
    expect((await alice.delete(at(id))).status).toBe(204);
    for (const answer of [
      await alice.get(at(id)),
      await alice.get(at(id, '/messages')),
      await alice.patch(at(id), { title: 'Back' }),
      await alice.delete(at(id)),
      await alice.post(at(id, '/chat'), { content: 'Hi' }),
      await alice.post(at(id, '/stream'), { content: 'Hi' }),
    ]) {
      expect([answer.status, answer.body.error.code]).toEqual([404, 'conversation_not_found']);
    }
    expect(await found('')).toEqual([]);
    expect(await found('q=xylophone')).toEqual([]);
    expect((await alice.usage()).totals.requests).toBe(1);
  });

  it('belong to one person, also within a workspace', async () => {
    const id = await alice.conversation({ title: 'Mine' });
    await say(id, 'xylophone');
    const bob = await parley.user();
    await parley.database.query(`INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'admin')`, [
      alice.workspaceId,
      bob.id,
    ]);
    const colleague = bob.with({ ...bob.headers, 'x-workspace-id': alice.workspaceId });
    for (const someone of [bob, colleague]) {
      expect((await someone.get(at(id))).status).toBe(404);
      expect((await someone.get(at(id, '/messages'))).status).toBe(404);
      expect((await someone.post(at(id, '/chat'), { content: 'Hi' })).status).toBe(404);
      expect((await someone.patch(at(id), { title: 'Ours' })).status).toBe(404);
      expect((await someone.delete(at(id))).status).toBe(404);
      expect((await someone.get(`${CONVERSATIONS}?q=xylophone`)).body.data).toEqual([]);
    }
    expect((await alice.get(at(id))).body).toMatchObject({ title: 'Mine' });
    // A key is bound to one workspace; what is in the other is not there.
    const elsewhere = (await alice.post('/v1/workspaces', { name: 'Team' })).body.id as string;
    const away = alice.with({ ...alice.headers, 'x-workspace-id': elsewhere });
    expect((await away.get(at(id))).status).toBe(404);
    const key = parley.anonymous().with({ 'x-api-key': await alice.apiKey() });
    expect((await key.get(at(id))).status).toBe(200);
  });

  it.each(['nonsense', '1', randomUUID(), "' OR 1=1 --", '%00', '..%2f..%2fhealth'])(
    'are not there: %p',
    async (id) => {
      const { status, body } = await alice.get(at(encodeURIComponent(decodeURIComponent(id))));
      expect([status, body.error.type]).toEqual([404, 'not_found_error']);
    },
  );

  it('show their latest twenty messages, oldest first, and list all of them in pages', async () => {
    const id = await alice.conversation();
    for (let i = 1; i <= 12; i++) await say(id, `message ${i}`);
    const { body } = await alice.get(at(id));
    const expected = Array.from({ length: 24 }, (_, i) => `message ${Math.floor(i / 2) + 1}`);
    expect(body.messages.map(({ content }: any) => content)).toEqual(expected.slice(-20));
    expect(body.messages.map(({ role }: any) => role)).toEqual(Array(10).fill(['user', 'assistant']).flat());
    expect(Date.parse(body.updated_at)).toBeGreaterThan(Date.parse(body.created_at));

    for (const order of ['asc', 'desc']) {
      const all: any[] = [];
      for (let after = '', more = true; more;) {
        const page = (await alice.get(at(id, `/messages?limit=7&order=${order}${after && `&after=${after}`}`))).body;
        all.push(...page.data);
        [after, more] = [page.last_id, page.has_more];
      }
      const messages = order === 'asc' ? all : all.toReversed();
      expect(messages.map(({ content }) => content)).toEqual(expected);
      expect(messages.map(({ parent_id }) => parent_id)).toEqual([null, ...messages.slice(0, -1).map((m) => m.id)]);
    }
    const newest = (await alice.get(at(id, '/messages?limit=1'))).body.data;
    expect(newest).toMatchObject([{ role: 'assistant', content: 'message 12' }]);
    // A message of another conversation is no place in this one.
    const other = await alice.conversation();
    await say(other, 'Hi');
    const [stranger] = await alice.messages(other);
    expect((await alice.get(at(id, `/messages?after=${stranger.id}`))).body.data).toEqual([]);
  });
});
