import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';
import { ownServices } from '../support/own-services';
import { until } from '../support/until';
import { ODD_ANSWERS, startOddPostgres } from '../support/odd-postgres';

type RepositoryModule = typeof import('../../src/tools/databases/databases.repository');
type SessionsModule = typeof import('../../src/tools/databases/database-sessions.repository');
type ToolsModule = typeof import('../../src/tools/databases/database-tools');
type ServiceModule = typeof import('../../src/tools/databases/databases.service');
type Principal = import('../../src/platform/common/auth/principal').Principal;

const ENV = { ENCRYPTION_KEY: 'a key for what is encrypted at rest' };
const principal = { workspaceId: randomUUID(), userId: randomUUID(), apiKeyId: null } as unknown as Principal;
const context = { principal, requestId: 'r', collectionIds: null, idempotencyKey: 'k', spent: () => undefined };

describe('sql_query', () => {
  let database: TestDatabase;
  let own: Awaited<ReturnType<typeof ownServices>>;
  let service: InstanceType<ServiceModule['DatabasesService']>;
  let tools: InstanceType<ToolsModule['DatabaseTools']>;
  let sessions: InstanceType<SessionsModule['DatabaseSessions']>;
  let url: URL;
  const role = `reader_${randomUUID().slice(0, 8)}`;
  beforeAll(async () => {
    database = await freshDatabase();
    await database.query(`INSERT INTO workspaces (id, name) VALUES ($1, 'test')`, [principal.workspaceId]);
    // The role may read, and execute, more than is allowed: what holds here is not its rights.
    for (const sql of [
      'CREATE SCHEMA shop',
      'CREATE SCHEMA internal',
      'CREATE TABLE shop.orders (id bigint PRIMARY KEY, item text NOT NULL, paid boolean)',
      `INSERT INTO shop.orders VALUES (1, 'tea', true), (9007199254740993, 'Käse "x"', NULL)`,
      'CREATE TABLE shop.many AS SELECT n FROM generate_series(1, 100000) n',
      `CREATE TABLE internal.secrets AS SELECT 'top secret'::text AS secret`,
      'CREATE VIEW shop.counted AS SELECT count(*) AS secrets FROM internal.secrets',
      'CREATE FUNCTION shop.fire() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$',
      'CREATE FUNCTION shop.twice(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT n * 2 $$',
      'CREATE SEQUENCE shop.numbers',
      `CREATE ROLE ${role} LOGIN PASSWORD 'pass/word'`,
      `GRANT USAGE ON SCHEMA shop, internal TO ${role}`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop, internal, public TO ${role}`,
      `GRANT USAGE ON SEQUENCE shop.numbers TO ${role}`,
      `GRANT pg_read_all_settings, pg_read_all_stats, pg_read_server_files TO ${role}`,
    ])
      await database.query(sql);
    own = await ownServices(database.url, ENV, 'outbound: { allowed_networks: [127.0.0.1] }');
    const { DatabasesRepository } = dist('tools/databases/databases.repository') as RepositoryModule;
    const { DatabaseSessions } = dist('tools/databases/database-sessions.repository') as SessionsModule;
    const { DatabaseTools } = dist('tools/databases/database-tools') as ToolsModule;
    const { DatabasesService } = dist('tools/databases/databases.service') as ServiceModule;
    const repository = new DatabasesRepository(own.db, own.secrets, own.audit, own.invalidations);
    sessions = new DatabaseSessions(own.outbound);
    tools = new DatabaseTools(own.config, repository, sessions, own.invalidations);
    service = new DatabasesService(repository, tools);
    url = Object.assign(new URL(database.url), { username: role, password: 'pass%2Fword', hostname: '127.0.0.1' });
    await register('shop');
  });
  afterAll(async () => {
    await sessions.onApplicationShutdown();
    await own.stop();
    await database.query(`DROP OWNED BY ${role}`);
    await database.query(`DROP ROLE ${role}`);
    await database.drop();
  });

  const register = (name: string, more: object = {}) =>
    service.create(principal, {
      name,
      url: url.href,
      schemas: ['shop'],
      max_rows: 200,
      statement_timeout_ms: 2_000,
      ...more,
    });
  const run = async (sql: string | undefined, name = 'shop', signal = new AbortController().signal) => {
    const [tool] = await tools.tools(principal);
    return String(await tool!.execute({ database: name, sql }, context, signal).catch(String));
  };
  const connections = () =>
    database.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'parley' AND usename = $1`, [role]);

  it('tells the databases there are, and their tables', async () => {
    const [tool] = await tools.tools(principal);
    expect(tool).toMatchObject({ name: 'sql_query', sideEffects: 'reads', description: /shop \(schemas shop\)/ });
    expect((await run(undefined)).split('\n')).toEqual([
      'shop.counted (secrets bigint)',
      'shop.many (n integer)',
      'shop.orders (id bigint not null, item text not null, paid boolean)',
    ]);
  });

  it('answers rows as JSON, exactly', async () => {
    expect(await run('SELECT id, item, paid, id FROM orders ORDER BY id')).toBe(
      '{"rows":[{"id":1,"item":"tea","paid":true,"id":1},\n' +
        '{"id":9007199254740993,"item":"Käse \\"x\\"","paid":null,"id":9007199254740993}],"row_count":2,"truncated":false}',
    );
  });

  it.each([
    ['SELECT count(*) FROM "shop"."orders";', /"count":2/],
    ['WITH o AS (SELECT * FROM shop.orders) SELECT o.id FROM o -- the end', /"id":1/],
    ['SELECT secrets FROM counted', /"secrets":1/],
    ['VALUES (1, 2)', /"column1":1/],
    ['TABLE orders', /tea/],
    ['SELECT twice(4), random() < 2 AS r, now() IS NULL AS n, $$;$$ AS d', /"twice":8,"r":true,"n":false,"d":";"/],
    ["SELECT sum(id) OVER (PARTITION BY item) FROM orders WHERE item IN ('tea', E'\\'')", /"sum":1/],
    ['SELECT left(item, 2), extract(year FROM now()) > 2000 AS y FROM orders LIMIT 1', /"y":true/],
  ])('executes %s', async (sql, rows) => expect(await run(sql)).toMatch(rows));

  const ATTACKS: [string, RegExp][] = [
    ['SELECT * FROM internal.secrets', /'internal' is not among/],
    ['SELECT * FROM "internal" /**/ . secrets', /'internal' is not among/],
    ['SELECT * FROM Internal.secrets', /'internal' is not among/],
    ['SELECT * FROM db.internal.secrets', /'internal' is not among/],
    ['TABLE internal.secrets', /'internal' is not among/],
    ['SELECT (SELECT secret FROM internal.secrets)', /'internal' is not among/],
    ['SELECT * FROM secrets', /does not exist/],
    ['SELECT * FROM public.secrets', /'public' is not among/],
    ['SELECT * FROM information_schema.tables', /'information_schema' is not among/],
    ['SELECT * FROM pg_authid', /may not be read/],
    ['SELECT * FROM pg_shadow', /may not be read/],
    ['SELECT * FROM "pg_stat_activity"', /may not be read/],
    ['SELECT * FROM pg_catalog.pg_class', /'pg_catalog' is not among/],
    ['SELECT * FROM pg_temp.x', /'pg_temp' is not among/],
    ['SELECT U&"pg\\005fsleep"(1)', /U&/],
    ["SELECT pg_read_file('/etc/passwd')", /pg_read_file may not be called/],
    ["SELECT pg_catalog.pg_read_file('/etc/passwd')", /not among/],
    ["SELECT pg_ls_dir('/')", /may not be called/],
    ['SELECT pg_sleep(10)', /may not be called/],
    ['SELECT pg_sleep/**/(10)', /may not be called/],
    ['SELECT "pg_sleep"(10)', /may not be called/],
    ["SELECT set_config('role', 'postgres', false)", /may not be called/],
    ["SELECT current_setting('data_directory')", /may not be called/],
    ["SELECT lo_export(1, '/tmp/x')", /may not be called/],
    ["SELECT lo_import('/etc/passwd')", /may not be called/],
    ["SELECT * FROM dblink('host=x', 'SELECT 1') AS t(a int)", /does not exist/],
    ["SELECT query_to_xml('SELECT * FROM internal.secrets', true, true, '')", /may not be called/],
    ["SELECT table_to_xml('internal.secrets', true, true, '')", /may not be called/],
    ["SELECT schema_to_xml('internal', true, true, '')", /may not be called/],
    ["SELECT ts_stat('SELECT secret::tsvector FROM internal.secrets')", /may not be called/],
    ['SELECT pg_terminate_backend(1)', /may not be called/],
    ['SELECT pg_advisory_lock(1)', /may not be called/],
    ["SELECT pg_notify('parley_invalidate', 'x')", /may not be called/],
    ["SELECT nextval('shop.numbers')", /may not be called/],
    ['SELECT pg_cancel_backend(pid) FROM orders', /may not be called/],
    ['SELECT fire()', /fire may not be called/],
    ['SELECT shop.fire()', /fire may not be called/],
    ["COPY orders TO PROGRAM 'id'", /refused it: syntax error/],
    ["COPY (SELECT 1) TO '/tmp/x'", /refused it: syntax error/],
    ['SET ROLE postgres', /refused it: syntax error/],
    ['RESET ALL', /refused it: syntax error/],
    ['SHOW data_directory', /refused it: syntax error/],
    ['DELETE FROM orders', /refused it: syntax error/],
    ['INSERT INTO orders VALUES (3)', /refused it: syntax error/],
    ['WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x', /refused it/],
    ['SELECT * INTO copied FROM orders', /refused it/],
    ['SELECT * FROM orders FOR UPDATE', /read-only transaction/],
    ['CREATE TABLE x ()', /refused it: syntax error/],
    ['DO $$ BEGIN END $$', /refused it: syntax error/],
    ['CALL x()', /refused it: syntax error/],
    ['BEGIN', /refused it: syntax error/],
    ['COMMIT', /refused it: syntax error/],
    ['PREPARE TRANSACTION $$x$$', /refused it: syntax error/],
    ['EXPLAIN ANALYZE SELECT 1', /refused it: syntax error/],
    ['SELECT 1; DELETE FROM orders', /one statement/],
    ['COMMIT; DELETE FROM orders', /one statement/],
    ['SELECT 1) q; DELETE FROM orders; SELECT (1', /one statement|closes nothing/],
    ["SELECT 1) q UNION ALL SELECT repeat('x', 100000) FROM (SELECT 1", /closes nothing/],
    ["SELECT E'a'\n'b\\' ' , pg_sleep(10) --'", /several parts/],
    ["SELECT 'a' /* ' */ , pg_sleep(10)", /may not be called/],
    ['SELECT $1::text', /refused it/],
    [
      'SELECT * FROM generate_series(1, 100000000000) a, generate_series(1, 100000000000) b WHERE a + b < 0',
      /longer than/,
    ],
    ["SELECT repeat('x', 2000000000)", /refused it/],
    ['', /refused it|expected/],
  ];
  it.each(ATTACKS)('refuses %s', async (sql, told) => {
    expect(await run(sql)).toMatch(told);
  });

  it('has changed nothing and left nothing behind after all of that', async () => {
    expect(await database.query('SELECT count(*)::int AS n FROM shop.orders')).toEqual([{ n: 2 }]);
    const state = `SELECT query FROM pg_stat_activity WHERE usename = $1 AND state <> 'idle'`;
    expect(await database.query(state, [role])).toEqual([]);
    expect((await connections()).length).toBeLessThanOrEqual(3);
    expect(await run('SELECT item FROM orders WHERE id = 1')).toMatch(/tea/);
  });

  it('fetches no more rows than are told, and cuts what is long', async () => {
    const rows = JSON.parse(await run('SELECT n FROM many ORDER BY n')) as { rows: { n: number }[] };
    expect(rows).toMatchObject({ row_count: 200, truncated: true });
    expect(rows.rows.at(-1)).toEqual({ n: 200 });
    const long = JSON.parse(await run("SELECT repeat('ä', 1000000) AS x")) as { rows: string[] };
    expect(long.rows[0]).toMatch(/^\{"x":"ä+ \[cut\]$/);
    expect(long.rows[0]!.length).toBeLessThan(21_000);
    const wide = await run("SELECT repeat('x', 15000) FROM many");
    expect(wide.length).toBeLessThan(220_000);
    expect(JSON.parse(wide)).toMatchObject({ truncated: true });
  });

  it('ends when nobody waits any more, and closes the connection', async () => {
    const ending = new AbortController();
    const slow = 'SELECT count(*) FROM many a, many b, many c';
    const running = run(slow, 'shop', ending.signal);
    await until(
      async () =>
        (await database.query(`SELECT FROM pg_stat_activity WHERE usename = $1 AND state = 'active'`, [role])).length >
        0,
    );
    ending.abort(new Error('enough'));
    expect(await running).toMatch(/enough/);
    expect(await run('SELECT 1 AS one')).toMatch(/"one":1/);
  });

  it('is gone with its databases, and so are their connections', async () => {
    const { id } = await register('gone');
    const [tool] = await tools.tools(principal);
    expect(await run('SELECT 1 AS one', 'gone')).toMatch(/"one":1/);
    await service.delete(principal, id);
    await until(async () => (await connections()).length === 0);
    const late = tool!.execute({ database: 'gone', sql: 'SELECT 1' }, context, new AbortController().signal);
    await expect(late).rejects.toThrow(/deleted/);
    await expect(service.delete(principal, id)).rejects.toMatchObject({ code: 'database_not_found' });
  });

  it('is not let near what users may not have us speak to, nor taken in by what is no database', async () => {
    for (const hostname of ['127.0.0.2', '169.254.169.254', '[::1]', '[::ffff:7f00:2]']) {
      await register('forbidden', { url: Object.assign(new URL(url), { hostname }).href }).then(async ({ id }) => {
        expect(await run('SELECT 1', 'forbidden')).toMatch(/not a public one/);
        await service.delete(principal, id);
      });
    }
    const flood = createServer((socket) => {
      socket.on('error', () => undefined);
      const more = () => {
        while (socket.writable && socket.write(Buffer.alloc(65_536, 'N'))) continue;
      };
      socket.on('drain', more);
      more();
    });
    flood.listen(0, '127.0.0.1');
    await once(flood, 'listening');
    const { port } = flood.address() as AddressInfo;
    await register('flood', { url: `postgres://u:p@127.0.0.1:${port}/x` });
    expect(await run('SELECT 1', 'flood')).toMatch(/can't be reached|was lost/);
    const closed = once(flood, 'close');
    flood.close();
    await closed;
  });

  it.each(Object.entries(ODD_ANSWERS))('lives with a server that sends %s', async (_, answers) => {
    const server = await startOddPostgres(answers);
    const { id } = await register('odd', { url: `postgres://u:p@127.0.0.1:${server.port}/x` });
    expect(await run('SELECT 1', 'odd')).toMatch(/can't be reached|was lost|ended/);
    await service.delete(principal, id);
    await server.close();
  });

  it.each([
    'postgres://host/db',
    'postgres://user@host/db',
    'postgres://user:pass@host/',
    'postgres://user:pass@/db',
    'postgres://user:pass@host/db?host=/tmp',
    'postgres://user:pass@host/db?sslrootcert=/etc/passwd',
    'postgres://user:pass@host/db?sslmode=prefer',
    'postgres://user:pass@%2Ftmp/db',
    'mysql://user:pass@host/db',
    'host=x',
  ])('is not for %s', async (address) => {
    await expect(register('x', { url: address })).rejects.toMatchObject({ code: 'validation_failed' });
  });
});
