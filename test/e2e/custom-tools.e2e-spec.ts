import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';
import { ownServices } from '../support/own-services';
import { startParley, type TestParley } from '../support/parley';
import { PETS, scripted, startToolServer, type ToolServer } from '../support/tool-server';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

type CustomToolsModule = typeof import('../../src/tools/custom/custom-tools');
type RepositoryModule = typeof import('../../src/tools/custom/custom-tools.repository');
type Tool = import('../../src/tools/tools.types').Tool;
type Principal = import('../../src/platform/common/auth/principal').Principal;

const PATH = '/v1/tools/custom';
const ENV = { ENCRYPTION_KEY: 'a key for what is encrypted at rest' };
const YAML = 'outbound: { allowed_networks: [127.0.0.1] }';
const SECRET = 'Bearer sk-live-0123456789';
const ASKED = { requestId: 'r', collectionIds: null, spent: () => undefined };

describe('HTTP tools without code', () => {
  let database: TestDatabase;
  let parley: TestParley;
  let server: ToolServer;
  let elsewhere: ToolServer;
  let own: Awaited<ReturnType<typeof ownServices>>;
  let tools: InstanceType<CustomToolsModule['CustomTools']>;
  beforeAll(async () => {
    elsewhere = await startToolServer((_, response) => response.end('elsewhere'));
    server = await startToolServer(scripted(elsewhere.url));
    database = await freshDatabase();
    own = await ownServices(database.url, ENV, YAML);
    const { CustomToolsRepository } = dist('tools/custom/custom-tools.repository') as RepositoryModule;
    const { CustomTools } = dist('tools/custom/custom-tools') as CustomToolsModule;
    const repository = new CustomToolsRepository(own.db, own.secrets, own.audit, own.invalidations);
    tools = new CustomTools(repository, own.outbound, own.invalidations);
    parley = await startParley({ env: ENV, yaml: YAML, database });
  });
  afterAll(async () => {
    await own.stop();
    await parley.stop();
    await database.drop();
    await server.close();
    await elsewhere.close();
  });

  const endpoint = (more: object = {}) => ({
    name: 'echo',
    description: 'Echoes.',
    url: `${server.url}/echo`,
    ...more,
  });
  const create = async (user: TestUser, body: object) => {
    const { status, body: made } = await user.post(PATH, body);
    expect([status, made.error]).toEqual([201, undefined]);
    return made as { id: string; tools: any[]; skipped: any[]; header_names: string[] };
  };
  const principalOf = ({ workspaceId }: TestUser) => ({ workspaceId }) as Principal;
  const asked = (user: TestUser, key: string) => ({ ...ASKED, principal: principalOf(user), idempotencyKey: key });
  const find = async (user: TestUser, name: string): Promise<Tool> =>
    until(async () => (await tools.tools(principalOf(user))).find((tool) => tool.name === name)!, Boolean);
  const call = async (
    user: TestUser,
    name: string,
    input: object = {},
    signal = new AbortController().signal,
    idempotencyKey = 'key-1',
  ) => {
    const tool = await find(user, name);
    return tool.execute(input, asked(user, idempotencyKey), signal).catch(String);
  };
  const names = async (user: TestUser): Promise<string[]> =>
    (await user.get('/v1/tools')).body.data
      .filter((tool: any) => tool.origin === 'custom')
      .map((tool: any) => tool.name);

  it('are listed with others, call their server with the headers that nobody is told, and go', async () => {
    const user = await parley.user();
    const made = await create(user, endpoint({ headers: { Authorization: SECRET }, price_usd: '0.01' }));
    expect(made).toMatchObject({
      kind: 'endpoint',
      header_names: ['Authorization'],
      skipped: [],
      tools: [{ name: 'echo', method: 'GET', side_effects: 'reads', price_usd: '0.010000', timeout_ms: 30_000 }],
    });
    expect(await names(user)).toEqual(['echo']);
    expect(await find(user, 'echo')).toBe(await find(user, 'echo')); // remembered: it is not read again
    expect(await call(user, 'echo', { q: 'a b' })).toEqual({
      status: 200,
      body: { got: '/echo?q=a+b', auth: '[secret]' },
    });
    expect(server.asked.at(-1)!.headers.authorization).toBe(SECRET);
    const told = [await user.get(PATH), await user.get(`${PATH}/${made.id}`), await user.get('/v1/tools')];
    const log = await parley.database.query('SELECT * FROM audit_log');
    const stored = await parley.database.query('SELECT *, encode(ciphertext, $1) FROM secrets', ['escape']);
    for (const all of [made, told, log, stored, parley.logs]) expect(JSON.stringify(all)).not.toContain('0123456789');
    expect(told.map(({ status }) => status)).toEqual([200, 200, 200]);
    const gone = await find(user, 'echo');
    expect((await user.delete(`${PATH}/${made.id}`)).status).toBe(204);
    expect((await user.delete(`${PATH}/${made.id}`)).body.error.code).toBe('custom_tool_not_found');
    expect(await names(user)).toEqual([]);
    await until(async () => (await tools.tools(principalOf(user))).length === 0); // the other process hears of it
    await expect(gone.execute({}, asked(user, 'k'), new AbortController().signal)).rejects.toThrow(/deleted/);
    expect(await parley.database.query('SELECT id FROM secrets WHERE workspace_id = $1', [user.workspaceId])).toEqual(
      [],
    );
    const actions = await parley.database.query<{ action: string }>(
      `SELECT action FROM audit_log WHERE workspace_id = $1 AND target_type = 'custom_tool' ORDER BY id`,
      [user.workspaceId],
    );
    expect(actions.map(({ action }) => action)).toEqual(['custom_tool.created', 'custom_tool.deleted']);
  });

  it('have other headers from one moment to the next', async () => {
    const user = await parley.user();
    const { id } = await create(user, endpoint({ headers: { authorization: SECRET } }));
    await find(user, 'echo');
    const changed = await user.patch(`${PATH}/${id}`, { headers: { 'x-key': 'another-secret' } });
    expect([changed.status, changed.body.header_names]).toEqual([200, ['x-key']]);
    await call(user, 'echo');
    expect(server.asked.at(-1)!.headers).toMatchObject({ 'x-key': 'another-secret' });
    expect(server.asked.at(-1)!.headers.authorization).toBeUndefined();
    expect((await user.patch(`${PATH}/${id}`, { headers: {} })).body.header_names).toEqual([]);
    expect(await parley.database.query('SELECT id FROM secrets WHERE workspace_id = $1', [user.workspaceId])).toEqual(
      [],
    );
  });

  it('send what they write once, with the key they are known by', async () => {
    const user = await parley.user();
    const schema = { type: 'object', properties: { id: { type: 'string' }, amount: { type: 'number' } } };
    await create(user, {
      ...endpoint({ name: 'pay', method: 'POST', url: `${server.url}/orders/{id}/pay`, input_schema: schema }),
      idempotency_header: 'Idempotency-Key',
    });
    const tool = await find(user, 'pay');
    expect([tool.sideEffects, tool.idempotent]).toEqual(['writes', true]);
    expect(await call(user, 'pay', { id: '../../x', amount: 3 })).toMatch(/can't be part of an address/);
    expect(await call(user, 'pay', { id: 'a/b', amount: 3 }, undefined, 'key-7')).toMatchObject({ status: 200 });
    expect(server.asked.at(-1)).toMatchObject({ method: 'POST', url: '/orders/a%2Fb/pay', body: '{"amount":3}' });
    expect(server.asked.at(-1)!.headers).toMatchObject({ 'idempotency-key': 'key-7' });
  });

  it('tell what a server refuses, and nothing of their secrets', async () => {
    const user = await parley.user();
    for (const name of ['refused', 'large', 'bomb', 'image', 'hang', 'cut', 'away', 'moved', 'post']) {
      const path = name === 'post' ? 'away' : name;
      const method = name === 'post' ? 'POST' : 'GET';
      await create(user, endpoint({ name, method, url: `${server.url}/${path}`, headers: { authorization: SECRET } }));
    }
    expect(await call(user, 'refused')).toBe(
      'ToolError: The server answered 401. {"error":"Incorrect API key provided: [secret]"}',
    );
    expect(await call(user, 'large')).toMatchObject({ body: expect.stringMatching(/^x{1048576}\n\[Cut here/) });
    expect(await call(user, 'bomb')).toMatchObject({ body: expect.stringMatching(/^x{1048576}\n\[Cut here/) });
    expect(await call(user, 'image')).toMatchObject({ body: '[image/png, which is not text]' });
    expect(await call(user, 'cut')).toMatch(/ToolError: The server did not answer, or broke off/);
    const late = new AbortController();
    const hanging = call(user, 'hang', {}, late.signal);
    await until(() => server.asked.at(-1)!.url === '/hang');
    late.abort(new Error('enough'));
    expect(await hanging).toMatch(/enough/);
    expect(await call(user, 'moved')).toMatchObject({ body: { got: '/echo?moved', auth: '[secret]' } });
    expect(await call(user, 'away')).toMatchObject({ status: 200, body: 'elsewhere' });
    expect(elsewhere.asked).toHaveLength(1);
    expect(elsewhere.asked[0]!.headers.authorization).toBeUndefined();
    expect(await call(user, 'post')).toMatch(/302, a redirect that is not followed/);
    expect(elsewhere.asked).toHaveLength(1);
  });

  it('are not sent where users may not have us speak to', async () => {
    const user = await parley.user();
    const urls = ['http://127.0.0.2:1/x', 'http://[::1]:1/x', 'http://169.254.169.254/latest', 'http://0x7f.0.0.2:1/x'];
    for (const [n, url] of urls.entries()) {
      await create(user, endpoint({ name: `x${n}`, url }));
      expect([url, await call(user, `x${n}`)]).toEqual([url, expect.stringMatching(/not a public one/)]);
    }
  });

  it('come from an OpenAPI document, whether it is sent or fetched', async () => {
    const user = await parley.user();
    const made = await create(user, {
      openapi: `${server.url}/openapi.json`,
      prefix: 'pets',
      headers: { 'x-key': 'k' },
    });
    expect(made).toMatchObject({ kind: 'openapi', title: 'Pets', header_names: ['x-key'] });
    expect(made.tools.map(({ name, url, side_effects }) => [name, url, side_effects])).toEqual([
      ['pets_getPet', `${server.url}/v1/pets/{id}`, 'reads'],
      ['pets_putPet', `${server.url}/v1/pets/{id}`, 'writes'],
    ]);
    expect(made.skipped).toEqual([{ operation: 'dropPet', reason: 'its body is not JSON' }]);
    await call(user, 'pets_putPet', { id: 'rex', body_id: 7, name: 'Rex' });
    expect(server.asked.at(-1)).toMatchObject({ method: 'PUT', url: '/v1/pets/rex', body: '{"id":7,"name":"Rex"}' });
    const text = JSON.stringify(PETS);
    await create(user, { openapi: text, prefix: 'more', base_url: `${server.url}/v2`, operations: ['getPet'] });
    await call(user, 'more_getPet', { id: 'a b', full: true });
    expect(server.asked.at(-1)!.url).toBe('/v2/pets/a%20b?full=true');
    expect((await user.get(`${PATH}?limit=1`)).body).toMatchObject({ has_more: true, data: [{ kind: 'openapi' }] });
  });

  it('have names of their own', async () => {
    const user = await parley.user();
    const codes = async (body: object) => (await user.post(PATH, body)).body.error?.code;
    expect(await codes(endpoint({ name: 'calculator' }))).toBe('tool_name_taken');
    const both = await Promise.all([codes(endpoint()), codes(endpoint())]);
    expect(both.sort()).toEqual(['tool_name_taken', undefined]);
    expect(await codes({ openapi: PETS, base_url: server.url, prefix: 'a' })).toBeUndefined();
    expect(await codes({ openapi: PETS, base_url: server.url, prefix: 'a' })).toBe('tool_name_taken');
    expect(await names(user)).toEqual(['echo', 'a_getPet', 'a_putPet']);
    const other = await parley.user();
    await create(other, endpoint());
    expect(await names(other)).toEqual(['echo']);
  });

  it('are not made of garbage, which is told by its fields', async () => {
    const user = await parley.user();
    for (const [body, field] of [
      [{}, 'name'],
      [endpoint({ input_schema: { type: 'object', properties: { a: { type: 'nonsense' } } } }), 'input_schema'],
      [endpoint({ input_schema: { type: 'object', $ref: 'https://evil.example/s' } }), 'input_schema'],
      [endpoint({ url: 'https://x.example/{a}', input_schema: { type: 'object' } }), 'input_schema'],
      [{ openapi: 'nonsense' }, 'openapi'],
      [{ openapi: 'http://127.0.0.2:1/openapi.json' }, 'openapi'],
      [{ openapi: `${server.url}/refused` }, 'openapi'],
    ] as const) {
      const answer = await user.post(PATH, body);
      expect([answer.status, answer.body.error?.code]).toEqual([400, 'validation_failed']);
      expect(answer.body.error.details.map((detail: any) => detail.field)).toContain(field);
    }
  });

  it('are seen by everybody in the workspace, and made by its admins', async () => {
    const [owner, guest] = [await parley.user(), await parley.user()];
    const { id } = await create(owner, endpoint());
    const there = guest.with({ ...guest.headers, 'x-workspace-id': owner.workspaceId });
    const join = (role: string) =>
      parley.database.query(
        `INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, $3)
         ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role`,
        [owner.workspaceId, guest.id, role],
      );
    await join('member');
    expect((await there.get(`${PATH}/${id}`)).status).toBe(200);
    const refused = [
      await there.post(PATH, endpoint({ name: 'b' })),
      await there.patch(`${PATH}/${id}`, { headers: {} }),
      await there.delete(`${PATH}/${id}`),
    ];
    expect(refused.map(({ body }) => body.error?.code)).toEqual(Array(3).fill('insufficient_role'));
    expect((await guest.get(`${PATH}/${id}`)).body.error.code).toBe('custom_tool_not_found');
    expect((await guest.patch(`${PATH}/${id}`, { headers: {} })).body.error.code).toBe('custom_tool_not_found');
  });

  it('and databases are registered beside them, by admins alone, and their addresses are never told', async () => {
    const [owner, guest] = [await parley.user(), await parley.user()];
    const url = 'postgres://reader:the-password@db.example.com:6432/shop?sslmode=require';
    const path = '/v1/tools/databases';
    const made = await owner.post(path, { name: 'shop', url, schemas: ['reporting'] });
    expect([made.status, made.body]).toEqual([
      201,
      {
        id: expect.any(String),
        name: 'shop',
        host: 'db.example.com:6432',
        schemas: ['reporting'],
        max_rows: 200,
        statement_timeout_ms: 10_000,
        created_at: expect.any(String),
      },
    ]);
    const listed = await owner.get(path);
    expect(listed.body.data).toEqual([made.body]);
    expect((await owner.get('/v1/tools')).body.data.map((tool: any) => tool.name)).toContain('sql_query');
    expect((await guest.get('/v1/tools')).body.data.map((tool: any) => tool.name)).not.toContain('sql_query');
    const again = await owner.post(path, { name: 'shop', url, schemas: ['reporting'] });
    expect(again.body.error.code).toBe('database_name_taken');
    expect((await owner.post(PATH, endpoint({ name: 'sql_query' }))).body.error.code).toBe('tool_name_taken');
    const bad = await owner.post(path, { name: 'x', url: 'postgres://x', schemas: ['pg_catalog'], max_rows: null });
    expect(bad.body.error.details.map((detail: any) => detail.field)).toEqual(['schemas', 'max_rows']);
    const there = guest.with({ ...guest.headers, 'x-workspace-id': owner.workspaceId });
    await parley.database.query(`INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'member')`, [
      owner.workspaceId,
      guest.id,
    ]);
    expect((await there.get(path)).body.error.code).toBe('insufficient_role');
    expect((await guest.delete(`${path}/${made.body.id}`)).body.error.code).toBe('database_not_found');
    expect((await owner.delete(`${path}/${made.body.id}`)).status).toBe(204);
    const log = await parley.database.query('SELECT * FROM audit_log WHERE workspace_id = $1 ORDER BY id', [
      owner.workspaceId,
    ]);
    for (const all of [made.body, listed.body, log, parley.logs])
      expect(JSON.stringify(all)).not.toContain('the-password');
    expect(log.map(({ action }: any) => action)).toEqual([
      'user.registered',
      'tool_database.created',
      'tool_database.deleted',
    ]);
  });
});
