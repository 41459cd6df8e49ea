import { execSync } from 'node:child_process';
import { z } from 'zod';
import { type Principal } from '../../src/platform/common/auth/principal';
import { ClientOfServers } from '../support/mcp/client-of-servers';
import { Everything, EVERYTHING } from '../support/mcp/everything';
import { SdkServer } from '../support/mcp/sdk-server';
import { until } from '../support/until';

describe('Parley as a client of MCP', () => {
  let parley: ClientOfServers;
  let alice: Principal;
  beforeAll(async () => {
    parley = await ClientOfServers.start('outbound: { allowed_networks: [127.0.0.1] }');
  });
  afterAll(() => parley.services.stop());
  beforeEach(async () => {
    alice = await parley.admin();
  });

  describe('with a server made by the SDK', () => {
    let begun = 0;
    const cancelled: unknown[] = [];
    const refused: unknown[] = [];
    const server = new SdkServer((mcp) => {
      const inputSchema = { a: z.number(), b: z.number() };
      mcp.registerTool(
        'add',
        { description: 'Adds.', inputSchema, annotations: { readOnlyHint: true } },
        ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] }),
      );
      mcp.registerTool('weather', { outputSchema: { degrees: z.number() } }, () => ({
        content: [],
        structuredContent: { degrees: 3 },
      }));
      mcp.registerTool('fail', {}, () => ({ isError: true, content: [{ type: 'text', text: 'No such file.' }] }));
      mcp.registerTool('slow', {}, async ({ signal }) => {
        begun++;
        await new Promise((done) => signal.addEventListener('abort', done));
        cancelled.push(signal.reason);
        return { content: [] };
      });
      mcp.registerTool('nosy', {}, async () => {
        const { server: peer } = mcp;
        const asking = [
          peer.request({ method: 'roots/list' }, z.looseObject({})),
          peer.request({ method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }, z.looseObject({})),
          peer.request({ method: 'elicitation/create', params: { message: 'Your password?' } }, z.looseObject({})),
        ];
        refused.push(...(await Promise.allSettled(asking)).map((one) => (one as PromiseRejectedResult).reason.code));
        return { content: [{ type: 'text', text: 'asked' }] };
      });
      mcp.registerTool('grow', {}, () => {
        mcp.registerTool('grown', {}, () => ({ content: [{ type: 'text', text: 'new' }] }));
        return { content: [{ type: 'text', text: 'grew' }] };
      });
    });
    beforeAll(() => server.start());
    afterAll(() => server.stop());

    const add = (more: object = {}) => parley.add(alice, { name: 'sdk', url: server.url, ...more });

    it('lists its tools and calls them, with the credentials it wants', async () => {
      server.headers.length = 0;
      const shown = await add({ headers: { authorization: 'Bearer secret-1', 'x-team': 'ä' } });
      expect(shown).toMatchObject({ state: 'connected', last_error: null, headers: ['authorization', 'x-team'] });
      expect(JSON.stringify(shown)).not.toContain('secret-1');
      const tools = (await parley.list(alice)).filter(({ origin }) => origin === 'mcp');
      expect(tools[0]).toMatchObject({
        name: 'sdk__add',
        description: 'Adds.',
        sideEffects: 'writes',
        timeoutMs: 30_000,
      });
      expect(tools[0]!.parameters).toMatchObject({ type: 'object', required: ['a', 'b'] });
      expect(await parley.call(alice, 'sdk__add', { a: 40, b: 2 })).toMatchObject({ content: '42', isError: false });
      expect(await parley.call(alice, 'sdk__weather')).toMatchObject({ content: '{"degrees":3}', isError: false });
      expect(await parley.call(alice, 'sdk__add', { a: 'x' })).toMatchObject({ isError: true });
      expect(await parley.call(alice, 'sdk__fail')).toMatchObject({ content: 'No such file.', isError: true });
      expect(new Set(server.headers.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret-1']));
      expect(
        await parley.services.database.query('SELECT * FROM audit_log WHERE workspace_id = $1', [alice.workspaceId]),
      ).toMatchObject([
        { action: 'mcp_server.created', changes: { secret_names: { after: ['authorization', 'x-team'] } } },
      ]);
    });

    it('shares one connection among calls, and none among workspaces', async () => {
      const bob = await parley.admin();
      const before = server.sessions.size;
      await Promise.all([add(), parley.add(bob, { name: 'sdk', url: server.url })]);
      await Promise.all(Array.from({ length: 20 }, (_, i) => parley.call(alice, 'sdk__add', { a: i, b: 0 })));
      await parley.call(bob, 'sdk__add', { a: 1, b: 1 });
      expect(server.sessions.size - before).toBe(2);
    });

    it('knows whose servers they are', async () => {
      const bob = await parley.admin();
      const { id } = await add();
      for (const ask of [parley.get(bob, id), parley.refresh(bob, id), parley.delete(bob, id)]) {
        await expect(ask).rejects.toMatchObject({ code: 'mcp_server_not_found' });
      }
      expect(await parley.names(bob)).toEqual([]);
      expect(await parley.names(alice)).toContain('sdk__add');
      await expect(add()).rejects.toMatchObject({ code: 'mcp_server_exists' });
    });

    it('uses what is allowed, and believes hints where it is told to', async () => {
      await add({ allowed_tools: ['add', 'fail'], trust_annotations: true });
      const tools = (await parley.list(alice)).filter(({ origin }) => origin === 'mcp');
      expect(tools.map(({ name, sideEffects }) => [name, sideEffects])).toEqual([
        ['sdk__add', 'reads'],
        ['sdk__fail', 'writes'],
      ]);
    });

    it('tells the server when nobody waits any longer', async () => {
      await add();
      const leaving = new AbortController();
      const call = parley.call(alice, 'sdk__slow', {}, leaving.signal);
      await until(() => begun === 1);
      leaving.abort(new Error('gone'));
      await expect(call).rejects.toThrow('gone');
      await until(() => cancelled.length === 1);
    });

    it('refuses to be asked for anything', async () => {
      await add();
      expect(await parley.call(alice, 'sdk__nosy')).toMatchObject({ content: 'asked', isError: false });
      expect(refused).toEqual([-32601, -32601, -32601]);
    });

    it('hears that there are other tools', async () => {
      await add();
      expect(await parley.call(alice, 'sdk__grow')).toMatchObject({ content: 'grew' });
      await until(
        () => parley.names(alice),
        (names) => names.includes('sdk__grown'),
      );
      expect(await parley.call(alice, 'sdk__grown')).toMatchObject({ content: 'new' });
    });

    it('begins a new session where the server has forgotten the old one', async () => {
      await add();
      server.sessions.clear();
      expect(await parley.call(alice, 'sdk__add', { a: 1, b: 2 })).toMatchObject({ content: '3' });
    });

    it('comes back by itself after the server was away, whose tools stay listed', async () => {
      const { id } = await add();
      const lost = parley.call(alice, 'sdk__slow');
      await until(() => begun === 2);
      await server.stop();
      expect(await lost).toMatchObject({ isError: true, content: expect.stringMatching(/The MCP server sdk failed/) });
      expect(await parley.call(alice, 'sdk__add', { a: 1, b: 2 })).toMatchObject({ isError: true });
      expect(await parley.refresh(alice, id)).toMatchObject({
        state: 'failed',
        last_error: expect.stringMatching(/ECONNREFUSED/),
      });
      expect(await parley.names(alice)).toContain('sdk__add');
      await server.start();
      const answered = () => parley.call(alice, 'sdk__add', { a: 1, b: 2 });
      expect(await until(answered, ({ isError }) => !isError)).toMatchObject({ content: '3' });
    });

    it('is gone from everywhere with its session and its secret when it is deleted', async () => {
      const before = new Set(server.sessions.keys());
      const { id } = await add({ headers: { authorization: 'secret-2' } });
      await parley.call(alice, 'sdk__add', { a: 1, b: 2 });
      await parley.delete(alice, id);
      expect(await parley.names(alice)).toEqual([]);
      expect(
        await parley.services.database.query('SELECT FROM secrets WHERE workspace_id = $1', [alice.workspaceId]),
      ).toEqual([]);
      await until(() => [...server.sessions.keys()].every((session) => before.has(session)));
    });
  });

  describe('with a server that others wrote', () => {
    const NAMES = ['all__echo', 'all__get-structured-content', 'all__get-sum', 'all__get-tiny-image'];

    const uses = async () => {
      expect(await parley.names(alice)).toEqual(expect.arrayContaining(NAMES));
      expect(await parley.call(alice, 'all__get-sum', { a: 2, b: 3 })).toMatchObject({
        content: expect.stringMatching(/5/),
      });
      expect((await parley.call(alice, 'all__get-tiny-image')).content).toMatch(
        /\[image image\/png, \d+ bytes, not shown\]/,
      );
      expect(await parley.call(alice, 'all__echo', { message: 7 })).toMatchObject({ isError: true });
    };

    it('over Streamable HTTP, killed and started again', async () => {
      const everything = await new Everything().start();
      try {
        expect(await parley.add(alice, { name: 'all', url: everything.url })).toMatchObject({ state: 'connected' });
        await uses();
        const long = parley.call(alice, 'all__trigger-long-running-operation', { duration: 60, steps: 2 });
        await everything.kill9();
        expect(await long).toMatchObject({ isError: true });
        await everything.start();
        await until(
          () => parley.call(alice, 'all__echo', { message: 'back' }),
          ({ isError }) => !isError,
        );
      } finally {
        await everything.kill9();
      }
    });

    it('as a process, with nothing of our environment, which ends with it', async () => {
      process.env['NOT_FOR_CHILDREN'] = 'a secret of ours';
      const stdio = { name: 'all', transport: 'stdio', command: process.execPath, args: [EVERYTHING] };
      const { id } = await parley.add(alice, { ...stdio, env: { TOKEN: 'given' } });
      await uses();
      const { content } = await parley.call(alice, 'all__get-env');
      expect(content).toContain('given');
      expect(content).not.toContain('a secret of ours');
      const running = () => execSync('ps -eo args').toString().includes(EVERYTHING);
      expect(running()).toBe(true);
      await parley.delete(alice, id);
      await until(() => !running());
    });

    it('as a process that can not be started', async () => {
      const stdio = { transport: 'stdio', command: '/no/such/program' };
      expect(await parley.add(alice, stdio)).toMatchObject({ state: 'failed', last_error: 'there is no such command' });
      expect(await parley.add(alice, { ...stdio, name: 'b', command: '/bin/false' })).toMatchObject({
        state: 'failed',
      });
    });
  });
});
