import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { z } from 'zod';
import { SdkServer } from '../support/mcp/sdk-server';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const ADMIN = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the admin password' };
const YAML = `
outbound: { allowed_networks: [127.0.0.1] }
tools: { prices: { calculator: 0.5 } }
tiers: { free: {}, few: { requests_per_minute: 2 } }
default_tier: free
`;

describe('MCP', () => {
  let parley: TestParley;
  let root: TestUser;
  const server = new SdkServer((mcp) => {
    mcp.registerTool('greet', { inputSchema: { name: z.string() } }, ({ name }) => ({
      content: [{ type: 'text', text: `Hello ${name}` }],
    }));
  });
  beforeAll(async () => {
    await server.start();
    parley = await startParley({ env: { ...ADMIN, CORS_ORIGINS: 'https://app.example.com' }, yaml: YAML });
    const login = { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD };
    const { body } = await parley.anonymous().post('/v1/auth/login', login);
    root = parley.anonymous().with({ authorization: `Bearer ${body.access_token}` });
  });
  afterAll(async () => {
    await parley.stop();
    await server.stop();
  });

  describe('servers of a workspace', () => {
    const add = (user: TestUser, more: object = {}) =>
      user.post('/v1/mcp/servers', { name: 'files', transport: 'http', url: server.url, ...more });

    it('give it their tools, and take them along', async () => {
      const alice = await parley.user();
      const made = await add(alice, { headers: { 'x-token': 'a secret' } });
      expect(made).toMatchObject({
        status: 201,
        body: {
          state: 'connected',
          headers: ['x-token'],
          tools: [{ name: 'files__greet', server_name: 'greet', side_effects: 'writes' }],
        },
      });
      const { id } = made.body;
      expect((await alice.get(`/v1/mcp/servers/${id}`)).body).toEqual(made.body);
      expect((await alice.get('/v1/mcp/servers')).body).toMatchObject({ data: [made.body], has_more: false });
      const listed = (await alice.get('/v1/tools')).body.data.find(({ origin }: any) => origin === 'mcp');
      expect(listed).toMatchObject({ name: 'files__greet', parameters: { required: ['name'] } });
      expect((await alice.post(`/v1/mcp/servers/${id}/refresh`)).body).toMatchObject({ state: 'connected' });
      expect((await add(alice)).body.error).toMatchObject({ code: 'mcp_server_exists', param: 'name' });
      expect((await alice.delete(`/v1/mcp/servers/${id}`)).status).toBe(204);
      expect((await alice.get(`/v1/mcp/servers/${id}`)).body.error.code).toBe('mcp_server_not_found');
      expect((await alice.get('/v1/tools')).body.data.some(({ origin }: any) => origin === 'mcp')).toBe(false);

      const audit = (await alice.get('/v1/audit')).body.data.map(({ action }: any) => action as string);
      expect(audit.slice(0, 2)).toEqual(['mcp_server.deleted', 'mcp_server.created']);
      const rows = await parley.database.query('SELECT a::text, s::text FROM audit_log a FULL JOIN secrets s ON false');
      expect(JSON.stringify(rows)).not.toContain('a secret');
      expect(parley.logs.join('\n')).not.toContain('a secret');
    });

    it('are set up by admins, and as processes by those who run the installation', async () => {
      const alice = await parley.user();
      const stdio = { name: 'local', transport: 'stdio', command: '/bin/cat' };
      expect((await alice.post('/v1/mcp/servers', stdio)).body.error).toMatchObject({
        code: 'insufficient_role',
        param: 'transport',
      });
      expect((await root.post('/v1/mcp/servers', { ...stdio, timeout_ms: 1_000 })).body).toMatchObject({
        state: 'failed',
        command: '/bin/cat',
      });
      const narrow = parley.anonymous().with({ 'x-api-key': await alice.apiKey({ scopes: ['tools'] }) });
      expect((await add(narrow)).body.error.code).toBe('insufficient_scope');
      expect((await narrow.get('/v1/mcp/servers')).status).toBe(200);
    });

    it.each([
      [{ name: 'Files' }, 'name'],
      [{ name: 'a__b' }, 'name'],
      [{ name: '-' }, 'name'],
      [{ name: 'x'.repeat(25) }, 'name'],
      [{ url: 'ftp://example.com/' }, 'url'],
      [{ url: 'https://user:password@example.com/' }, 'url'],
      [{ headers: { 'mcp-session-id': 'x' } }, 'headers.mcp-session-id'],
      [{ headers: { 'x-a': 'one\r\nx-b: two' } }, 'headers.x-a'],
      [{ command: '/bin/sh' }, 'command'],
      [{ timeout_ms: 0 }, 'timeout_ms'],
      [{ transport: 'telnet' }, 'transport'],
    ])('are refused with %j', async (more, field) => {
      const alice = await parley.user();
      const { status, body } = await add(alice, more);
      expect([status, body.error.code]).toEqual([400, 'validation_failed']);
      expect(body.error.details).toMatchObject([{ field }]);
    });
  });

  describe('for clients of Parley', () => {
    const clientOf = async (headers: Record<string, string>) => {
      const client = new Client({ name: 'test', version: '1' });
      const url = new URL(`${parley.url}/mcp`);
      await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
      return client;
    };
    const call = (name: string, input: object = {}, id = 1) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: input },
    });

    it('lists its tools and executes them, as its caller and billed to them', async () => {
      const alice = await parley.user();
      expect((await alice.post('/v1/mcp/servers', { name: 'files', transport: 'http', url: server.url })).status).toBe(
        201,
      );
      const client = await clientOf({ 'x-api-key': await alice.apiKey({ scopes: ['tools'] }) });
      expect(client.getServerVersion()).toMatchObject({ name: 'parley' });
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['calculator', 'current_time']));
      expect(names).not.toContain('files__greet');
      expect(tools.find(({ name }) => name === 'calculator')).toMatchObject({
        inputSchema: { type: 'object', required: ['expression'] },
        annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      });

      const sum = await client.callTool({ name: 'calculator', arguments: { expression: '6 * 7' } });
      expect(sum).toMatchObject({ content: [{ type: 'text', text: '42' }] });
      const time = await client.callTool({ name: 'current_time', arguments: { timezone: 'Asia/Tokyo' } });
      expect(time.structuredContent).toMatchObject({ timezone: 'Asia/Tokyo' }); // checked against its schema by the SDK
      const wrong = await client.callTool({ name: 'calculator', arguments: { expression: '6 *' } });
      expect(wrong).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/can't be calculated/) }] });
      expect(await client.callTool({ name: 'calculator', arguments: {} })).toMatchObject({ isError: true });
      for (const name of ['files__greet', 'none']) await expect(client.callTool({ name })).rejects.toThrow(/-32602/);
      expect(await client.ping()).toEqual({});
      await client.close();

      expect((await alice.usage('?group_by=kind')).data).toMatchObject([
        { kind: 'tools', requests: 2, cost_usd: '0.500000' }, // who fails is not paid
      ]);
    });

    it('says in the words of a tool that a budget has no room', async () => {
      const alice = await parley.user();
      const subject = { type: 'workspace', id: alice.workspaceId };
      await alice.put('/v1/budgets', { subject, period: 'day', limit_usd: '0.4' });
      const { status, body } = await alice.post('/mcp', call('calculator', { expression: '1' }));
      expect([status, body.result.isError]).toEqual([200, true]);
      expect(body.result.content[0].text).toMatch(/budget/);
    });

    it('is for those who may use tools', async () => {
      const alice = await parley.user();
      const narrow = parley.anonymous().with({ 'x-api-key': await alice.apiKey({ scopes: ['chat'] }) });
      const asked = await parley.anonymous().post('/mcp', call('calculator'));
      expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect((await narrow.post('/mcp', call('calculator'))).body.error.code).toBe('insufficient_scope');
      await expect(clientOf({})).rejects.toThrow(/missing_credentials/);
    });

    it('has no sessions, and no streams of its own', async () => {
      const alice = await parley.user();
      for (const method of ['GET', 'DELETE']) {
        const answer = await alice.request(method, '/mcp', undefined);
        expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
      }
      const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
      const begun = await alice.post('/mcp', { jsonrpc: '2.0', id: 'a', method: 'initialize', params: initialize });
      expect([begun.status, begun.headers.get('mcp-session-id')]).toEqual([200, null]);
      expect(begun.body).toMatchObject({
        id: 'a',
        result: { protocolVersion: '2025-11-25', capabilities: { tools: {} } },
      });
      expect((await alice.post('/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202);
    });

    it('refuses pages of other origins, and lets those in that are allowed', async () => {
      const alice = await parley.user();
      const from = (origin: string) =>
        alice.post('/mcp', call('calculator', { expression: '1' }), { headers: { origin } });
      for (const origin of ['https://evil.example', 'null', parley.url]) {
        const { status, body } = await from(origin);
        expect([status, body.error.code]).toEqual([403, 'origin_not_allowed']);
      }
      expect((await from('https://app.example.com')).status).toBe(200);
    });

    it.each<[string, object, number, unknown]>([
      ['no JSON-RPC', { id: 1, method: 'ping' }, 400, { error: { code: 'validation_failed' } }],
      ['no method', { jsonrpc: '2.0', id: 1 }, 400, { error: { code: 'validation_failed' } }],
      [
        'one it does not know',
        { jsonrpc: '2.0', id: 1, method: 'prompts/list' },
        200,
        { id: 1, error: { code: -32601 } },
      ],
      [
        'no name of a tool',
        { jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} },
        200,
        { error: { code: expect.any(Number) } },
      ],
    ])('answers %s', async (_, message, status, body) => {
      const alice = await parley.user();
      expect(await alice.post('/mcp', message)).toMatchObject({ status, body });
    });

    it('refuses a version of the protocol it does not speak', async () => {
      const alice = await parley.user();
      const headers = { 'mcp-protocol-version': '1999-01-01' };
      const { status, body } = await alice.post('/mcp', call('calculator'), { headers });
      expect([status, body.error.code]).toEqual([400, 'validation_failed']);
      expect(body.error.message).toMatch(/protocol version/i);
    });

    it('counts calls, and nothing else, against the limits of the tier, and repeats none that is keyed', async () => {
      const alice = await parley.user();
      await root.patch(`/v1/admin/users/${alice.id}`, { tier: 'few' });
      const sum = (id: number, key?: string) =>
        alice.post('/mcp', call('calculator', { expression: '1 + 1' }, id), {
          headers: key ? { 'idempotency-key': key } : {},
        });
      for (let i = 0; i < 3; i++)
        expect((await alice.post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200);
      expect((await sum(1, 'k')).status).toBe(200);
      const again = await sum(1, 'k');
      expect([again.status, again.headers.get('x-parley-idempotent-replay')]).toEqual([200, 'true']);
      const statuses = [(await sum(3)).status, (await sum(4)).status];
      expect(statuses).toContain(429);
    });
  });
});
