import { startWorld, type World } from '../support/world';
import { type TestUser } from '../support/user';

const KEYS = '/v1/auth/api-keys';
const YAML = `
http: { trusted_proxies: [loopback] }
routes:
  smart: { targets: [ { model: openai/echo }, { model: anthropic/echo }, { model: demo/echo } ] }
  race: { strategy: race, targets: [ { model: openai/echo }, { model: anthropic/echo } ] }
`;

describe('rules', () => {
  let world: World;
  beforeAll(async () => (world = await startWorld({ yaml: YAML })));
  afterAll(() => world.stop());

  const refused = ({ status, body }: { status: number; body: any }) => [status, body.error?.code];
  const keyOf = async (user: TestUser, fields: object) => {
    const { status, body } = await user.post(KEYS, { name: 'k', ...fields });
    expect([status, body.error]).toEqual([201, undefined]);
    return Object.assign(world.parley.anonymous().with({ 'x-api-key': body.key }), { keyId: body.id as string });
  };
  const ask = (user: TestUser, fields: object) => user.post('/v1/chat', { message: 'Hi', ...fields });
  const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } });
  /** An owner, and somebody in their personal workspace who acts there. */
  const pair = async (role = 'member') => {
    const [owner, guest] = [await world.parley.user(), await world.parley.user()];
    await world.parley.database.query('INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)', [
      owner.workspaceId,
      guest.id,
      role,
    ]);
    const member = guest.with({ ...guest.headers, 'x-workspace-id': owner.workspaceId });
    return { owner, member, path: `/v1/workspaces/${owner.workspaceId}/members/${guest.id}`, id: guest.id };
  };

  describe('for models', () => {
    it('refuse what is named and not allowed, by whatever field, before anybody is asked', async () => {
      const key = await keyOf(await world.parley.user(), { allowed_models: ['demo/*', 'openai/echo'] });
      expect((await ask(key, { model: 'demo/echo' })).status).toBe(200);
      expect((await ask(key, { model: 'openai/echo' })).status).toBe(200);
      const before = world.openai.requests.length + world.anthropic.requests.length;
      for (const fields of [
        { model: 'openai/echo-2' },
        { model: 'anthropic/echo' },
        { model: 'demo/echo', fallbacks: ['anthropic/echo'] },
        { model: 'demo/echo', race: ['anthropic/echo'] },
      ]) {
        const { status, body } = await ask(key, fields);
        expect([status, body.error.code]).toEqual([403, 'model_not_allowed']);
        expect(body.error.message).toContain(body.error.details[0].model);
      }
      expect(world.openai.requests.length + world.anthropic.requests.length).toBe(before);
    });

    it('hold on every way to a model', async () => {
      const user = await world.parley.user();
      const key = await keyOf(user, { allowed_models: ['demo/lorem'] });
      const messages = [{ role: 'user', content: 'Hi' }];
      const conversation = await user.conversation({ model: 'demo/echo' });
      for (const [path, body] of [
        ['/v1/chat', { message: 'Hi' }], // the default, demo/echo
        ['/v1/chat/stream', { message: 'Hi', model: 'demo/echo' }],
        ['/v1/chat/completions', { model: 'demo/echo', messages }],
        ['/v1/chat/completions', { model: 'demo/echo', messages, stream: true }],
        ['/v1/conversations', { model: 'demo/echo' }],
        [`/v1/conversations/${conversation}/chat`, { content: 'Hi' }],
        [`/v1/conversations/${conversation}/stream`, { content: 'Hi' }],
      ] as const) {
        expect([path, ...refused(await key.post(path, body))]).toEqual([path, 403, 'model_not_allowed']);
      }
      const batch = await key.post('/v1/chat/batch', {
        requests: [{ message: 'Hi' }, { message: 'Hi', model: 'demo/lorem' }],
      });
      expect(batch.body.results.map((one: any) => one.error?.code ?? 'answered')).toEqual([
        'model_not_allowed',
        'answered',
      ]);
      expect(await user.messages(conversation)).toEqual([]);
    });

    it('leave out of a route whom the caller may not use, unless the route is allowed by its name', async () => {
      const user = await world.parley.user();
      const some = await keyOf(user, { allowed_models: ['anthropic/*', 'demo/*'] });
      expect((await ask(some, { model: 'smart' })).body.model).toBe('anthropic/echo');
      expect((await ask(some, { model: 'race' })).body.model).toBe('anthropic/echo');
      const byName = await keyOf(user, { allowed_models: ['smart'] });
      expect((await ask(byName, { model: 'smart' })).body.model).toBe('openai/echo');
      expect(refused(await ask(byName, { model: 'openai/echo' }))).toEqual([403, 'model_not_allowed']);
      const none = await keyOf(user, { allowed_models: ['demo/lorem'] });
      expect(refused(await ask(none, { model: 'smart' }))).toEqual([403, 'model_not_allowed']);
      expect((await ask(some, { model: 'demo/echo', fallbacks: ['smart'] })).status).toBe(200);
    });

    it('show in the list what is left', async () => {
      const user = await world.parley.user();
      const ids = async (who: TestUser) => (await who.get('/v1/models')).body.data.map(({ id }: any) => id) as string[];
      const all = await ids(user);
      expect(all).toEqual(expect.arrayContaining(['smart', 'race', 'demo/echo', 'demo/lorem', 'openai/gpt-4o']));
      const key = await keyOf(user, { allowed_models: ['demo/echo'] });
      expect(await ids(key)).toEqual(['smart', 'demo/echo']);
      expect((await key.get('/v1/models/demo/echo')).status).toBe(200);
      expect((await key.get('/v1/models/smart')).status).toBe(200);
      for (const id of ['openai/gpt-4o', 'gpt-4o', 'race', 'demo/lorem']) {
        expect(refused(await key.get(`/v1/models/${id}`))).toEqual([404, 'model_not_found']);
      }
    });
  });

  describe('for tokens', () => {
    const sent = () => world.openai.requests.at(-1)!.body as any;

    it('send the cap, keep what is less, and refuse more', async () => {
      const key = await keyOf(await world.parley.user(), { max_tokens_per_request: 50 });
      await ask(key, { model: 'openai/echo' });
      expect(sent().max_completion_tokens).toBe(50);
      await ask(key, { model: 'openai/echo', max_tokens: 20 });
      expect(sent().max_completion_tokens).toBe(20);
      const { status, body } = await ask(key, { model: 'openai/echo', max_tokens: 51 });
      expect([status, body.error.code, body.error.param]).toEqual([400, 'validation_failed', 'max_tokens']);
    });

    it('count all answers of a request together, by whatever field more is asked for', async () => {
      const key = await keyOf(await world.parley.user(), { max_tokens_per_request: 50 });
      const complete = (fields: object) =>
        key.post('/v1/chat/completions', {
          model: 'openai/echo',
          messages: [{ role: 'user', content: 'Hi' }],
          ...fields,
        });
      await complete({ n: 2 });
      expect(sent()).toMatchObject({ n: 2, max_completion_tokens: 25 });
      for (const fields of [{ max_completion_tokens: 51 }, { max_tokens: 51 }, { n: 2, max_tokens: 26 }, { n: 51 }]) {
        expect((await complete(fields)).status).toBe(400);
      }
    });
  });

  describe('for addresses', () => {
    it('refuse credentials from elsewhere, on every route', async () => {
      const user = await world.parley.user();
      const key = await keyOf(user, { allowed_ips: ['203.0.113.0/24', '2001:db8::/32'] });
      for (const ip of ['203.0.113.9', '2001:db8::7', '::ffff:203.0.113.9']) {
        expect((await key.get('/v1/users/me', from(ip))).status).toBe(200);
      }
      for (const ip of ['198.51.100.1', '2001:db9::7', 'unknown', '203.0.113.9, 198.51.100.1']) {
        expect(refused(await key.get('/v1/users/me', from(ip)))).toEqual([403, 'ip_not_allowed']);
      }
      expect(refused(await key.get('/v1/models'))).toEqual([403, 'ip_not_allowed']);
      expect((await user.get('/v1/users/me')).status).toBe(200);
    });
  });

  describe('of a member', () => {
    it('hold for their tokens and their keys in that workspace, and the narrower wins', async () => {
      const { owner, member, path } = await pair();
      const key = await keyOf(member, { allowed_models: ['demo/*'], max_tokens_per_request: 500 });
      expect((await ask(key, { model: 'demo/echo' })).status).toBe(200);
      const rules = {
        allowed_models: ['demo/lorem', 'openai/*'],
        max_tokens_per_request: 70,
        allowed_ips: ['203.0.113.7'],
      };
      const changed = await owner.patch(path, rules);
      expect([changed.status, changed.body]).toMatchObject([200, { role: 'member', ...rules }]);
      expect((await owner.get(`/v1/workspaces/${owner.workspaceId}/members`)).body.data).toContainEqual(changed.body);

      for (const who of [member, key]) expect(refused(await ask(who, {}))).toEqual([403, 'ip_not_allowed']);
      const there = (who: TestUser) => who.with({ ...who.headers, 'x-forwarded-for': '203.0.113.7' });
      expect(refused(await ask(there(member), { model: 'demo/echo' }))).toEqual([403, 'model_not_allowed']);
      expect(refused(await ask(there(key), { model: 'demo/echo' }))).toEqual([403, 'model_not_allowed']);
      expect(refused(await ask(there(key), { model: 'openai/echo' }))).toEqual([403, 'model_not_allowed']);
      expect((await ask(there(key), { model: 'demo/lorem' })).status).toBe(200);
      expect((await ask(there(key), { model: 'demo/lorem', max_tokens: 71 })).status).toBe(400);
      // At home nothing holds them.
      const home = await world.parley.user();
      expect((await ask(home, { model: 'demo/echo' })).status).toBe(200);

      const none = { allowed_models: null, max_tokens_per_request: null, allowed_ips: null };
      expect((await owner.patch(path, none)).body).toMatchObject(none);
      expect((await ask(member, { model: 'demo/echo' })).status).toBe(200);
      const [last] = (await owner.get('/v1/audit')).body.data;
      expect(last).toMatchObject({
        action: 'member.rules_changed',
        changes: { max_tokens_per_request: { before: 70, after: null } },
      });
    });

    it('are set by those above, and lifted by nobody for themselves but owners', async () => {
      const { owner, member, path } = await pair('admin');
      expect((await owner.patch(path, { max_tokens_per_request: 5 })).status).toBe(200);
      expect(refused(await member.patch(path, { max_tokens_per_request: null }))).toEqual([403, 'insufficient_role']);
      const ownersPath = `/v1/workspaces/${owner.workspaceId}/members/${owner.id}`;
      expect(refused(await member.patch(ownersPath, { max_tokens_per_request: 5 }))).toEqual([
        403,
        'insufficient_role',
      ]);
      expect((await owner.patch(ownersPath, { allowed_models: ['demo/lorem'] })).status).toBe(200);
      expect(refused(await ask(owner, { model: 'demo/echo' }))).toEqual([403, 'model_not_allowed']);
      expect((await owner.patch(ownersPath, { allowed_models: null })).status).toBe(200);
    });

    it('do not shut out who sets them for themselves', async () => {
      const owner = await world.parley.user();
      const path = `/v1/workspaces/${owner.workspaceId}/members/${owner.id}`;
      const { status, body } = await owner.patch(path, { allowed_ips: ['10.0.0.1'] });
      expect([status, body.error.param]).toEqual([400, 'allowed_ips']);
      expect((await owner.patch(path, { allowed_ips: ['127.0.0.0/8', '10.0.0.1'] })).status).toBe(200);
      expect((await owner.get('/v1/users/me')).status).toBe(200);
    });

    it('come together with a role, both or neither', async () => {
      const { owner, path } = await pair();
      const both = await owner.patch(path, { role: 'viewer', max_tokens_per_request: 9 });
      expect(both.body).toMatchObject({ role: 'viewer', max_tokens_per_request: 9 });
      expect((await owner.patch(path, { role: 'king', max_tokens_per_request: 1 })).status).toBe(400);
      expect((await owner.patch(path, { role: null })).status).toBe(400);
      expect((await owner.patch(path, {})).body).toEqual(both.body);
    });
  });

  describe('of a key', () => {
    it('are shown, changed at once, and taken over by the key that replaces it', async () => {
      const user = await world.parley.user();
      const rules = { allowed_models: ['demo/*'], max_tokens_per_request: 9, allowed_ips: ['127.0.0.1'] };
      const key = await keyOf(user, rules);
      expect((await user.get(KEYS)).body.data[0]).toMatchObject(rules);
      expect((await ask(key, { model: 'demo/echo' })).status).toBe(200);
      const changed = await user.patch(`${KEYS}/${key.keyId}`, {
        allowed_models: ['openai/*'],
        max_tokens_per_request: null,
      });
      expect(changed.body).toMatchObject({ ...rules, allowed_models: ['openai/*'], max_tokens_per_request: null });
      expect(refused(await ask(key, { model: 'demo/echo' }))).toEqual([403, 'model_not_allowed']);
      const next = await key.post(`${KEYS}/${key.keyId}/rotate`);
      expect(next.body).toMatchObject({ allowed_models: ['openai/*'], allowed_ips: ['127.0.0.1'] });
      const soon = new Date(Date.now() + 3_600_000).toISOString();
      expect((await user.patch(`${KEYS}/${next.body.id}`, { expires_at: soon })).body).toMatchObject({
        expires_at: soon,
      });
      expect((await user.patch(`${KEYS}/${next.body.id}`, { expires_at: null })).body).toMatchObject({
        expires_at: null,
      });
      // The one that was replaced is not revived.
      expect(refused(await user.patch(`${KEYS}/${key.keyId}`, { expires_at: null }))).toEqual([409, 'api_key_retired']);
    });

    it.each([
      { allowed_models: ['demo/*'] },
      { allowed_ips: ['127.0.0.1'] },
      { max_tokens_per_request: 9 },
      { expires_at: '2099-01-01T00:00:00Z' },
    ])('%j are not shaken off by making or changing keys', async (rules) => {
      const user = await world.parley.user();
      const [other, key] = [await keyOf(user, {}), await keyOf(user, rules)];
      for (const answer of [
        await key.post(KEYS, { name: 'free' }),
        await key.patch(`${KEYS}/${key.keyId}`, { allowed_models: null, expires_at: null }),
        await key.patch(`${KEYS}/${other.keyId}`, { name: 'x' }),
        await key.post(`${KEYS}/${other.keyId}/rotate`),
      ]) {
        expect(refused(answer)).toEqual([403, 'api_key_restricted']);
      }
      expect((await key.delete(`${KEYS}/${other.keyId}`)).status).toBe(204);
    });

    it.each([
      [{ allowed_models: [] }, 'allowed_models'],
      [{ allowed_models: ['a b'] }, 'allowed_models'],
      [{ allowed_models: 'demo/*' }, 'allowed_models'],
      [{ allowed_models: Array.from({ length: 101 }, (_, i) => `m${i}`) }, 'allowed_models'],
      [{ max_tokens_per_request: 0 }, 'max_tokens_per_request'],
      [{ max_tokens_per_request: 1e12 }, 'max_tokens_per_request'],
      [{ allowed_ips: ['localhost'] }, 'allowed_ips'],
      [{ allowed_ips: ['10.0.0.0/33'] }, 'allowed_ips'],
      [{ allowed_ips: [7] }, 'allowed_ips'],
      [{ name: null }, 'name'],
      [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ])('are refused as %j', async (fields, param) => {
      const user = await world.parley.user();
      const { keyId } = await keyOf(user, {});
      for (const answer of [
        await user.post(KEYS, { name: 'k', ...fields }),
        await user.patch(`${KEYS}/${keyId}`, fields),
      ]) {
        expect([answer.status, answer.body.error.param]).toEqual([400, param]);
      }
    });
  });
});
