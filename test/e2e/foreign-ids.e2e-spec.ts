import { randomUUID } from 'node:crypto';
import { collection, settled, text } from '../support/documents';
import { type Operation, Bodies, at, isPublic, operationsOf, pathParameters } from '../support/operations';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

/** Path parameters that name something which is nobody's. */
const NOT_IDS = ['/v1/models/{id}'];
/** Path parameters that are numbers of something below an id. */
const NUMBERS: Record<string, string> = { version: '1' };
/** Fields of bodies that are called ids and are the caller's own to choose. */
const FREE_FIELDS = ['auth_login.client_id', 'mcp_post.id', 'runs_approve.call_id'];
/** Only for those who run the installation, who may reach everybody. */
const isAdministration = ({ path }: Operation) => path.startsWith('/v1/admin/');
const ADMIN = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the admin password' };

/** What Parley adds up by itself, in its own time; `folded` says of a usage row that it was. */
const UPKEEP = ['migrations', 'usage_hours', 'usage_end_users'];

const NOBODYS = randomUUID();

/** Somebody with one of everything that can be reached by an id. */
interface Tenant {
  user: TestUser;
  /** Also acting in the shared workspace. */
  there: TestUser;
  ids: string[];
  workspaces: string[];
}

// Some ten thousand requests.
jest.setTimeout(300_000);

describe("another tenant's ids", () => {
  let parley: TestParley;
  let operations: Operation[];
  let bodies: Bodies;
  let admin: TestUser;
  beforeAll(async () => {
    parley = await startParley({ env: ADMIN, yaml: 'tiers: { free: { concurrent: 1000 } }' });
    operations = operationsOf(parley.contract.document);
    bodies = new Bodies(parley.contract.document);
    const login = { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD };
    const { body } = await parley.anonymous().post('/v1/auth/login', login);
    admin = parley.anonymous().with({ authorization: `Bearer ${body.access_token}` });
  });
  afterAll(() => parley.stop());

  /** Whatever belongs to somebody: every row that mentions one of their ids. */
  const rowsOf = async (ids: string[]) => {
    const tables = await parley.database.query<{ name: string }>(
      `SELECT quote_ident(relname) AS name FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL ($1) ORDER BY relname`,
      [UPKEEP],
    );
    const rows: Record<string, { id?: string }[]> = {};
    for (const { name } of tables) {
      const found = await parley.database.query<{ row: { id?: string } }>(
        `SELECT to_jsonb(t) - 'folded' AS row FROM ${name} t WHERE to_jsonb(t)::text LIKE ANY ($1) ORDER BY 1`,
        [ids.map((id) => `%${id}%`)],
      );
      rows[name] = found.map(({ row }) => row);
    }
    return rows;
  };

  /** Both a personal and a shared workspace, with something of each kind in it: a new kind of thing is made here. */
  const tenant = async (): Promise<Tenant> => {
    const user = await parley.user();
    const team = (await user.post('/v1/workspaces', { name: 'Team' })).body.id as string;
    const there = user.with({ ...user.headers, 'x-workspace-id': team });
    await there.apiKey();
    await there.post(`/v1/workspaces/${team}/invitations`, {
      email: `guest-${randomUUID()}@example.com`,
      role: 'member',
    });
    const subject = { type: 'member', id: user.id };
    await there.put('/v1/budgets', { subject, period: 'total', limit_tokens: 1_000_000 });
    const conversation = await there.conversation({ title: 'Secret' });
    await there.post(`/v1/conversations/${conversation}/chat`, { content: 'Hi' });
    await there.post('/v1/agents', { name: 'secret' });
    await there.post('/v1/agents/runs', { input: 'Hi', model: 'demo/echo' });
    await there.post('/v1/mcp/servers', { name: 'secret', transport: 'http', url: 'http://127.0.0.1/' });
    const documents = await collection(there);
    const document = await text(there, documents, 'Secret', 'What nobody else is to know.');
    await settled(there, document.id);
    await there.post('/v1/tools/custom', { name: 'own', description: 'Own.', url: 'https://example.com/' });
    const url = 'postgres://reader:secret@db.example.com/shop';
    await there.post('/v1/tools/databases', { name: 'own', url, schemas: ['shop'] });
    const workspaces = [user.workspaceId, team];
    const rows = await rowsOf([user.id, ...workspaces]);
    // The latest of each table, and every workspace.
    for (const [table, found] of Object.entries(rows)) for (const { id } of found) if (id) kinds.set(id, table);
    const latest = Object.values(rows).flatMap((found) =>
      found
        .map(({ id }) => id ?? [])
        .flat()
        .sort()
        .slice(-1),
    );
    return { user, there, ids: [...new Set([user.id, ...workspaces, ...latest])], workspaces };
  };

  /** Of an id: the table it is of. Of an operation: those its path names, as its owner found out. */
  const kinds = new Map<string, string>();
  const named = new Map<string, Record<string, string | undefined>>();
  const matches = (operation: Operation, filling: Record<string, string>) => {
    const known = named.get(operation.operationId);
    return pathParameters(operation).filter(
      (name) => !known || NUMBERS[name] || kinds.get(filling[name]!) === known[name],
    );
  };

  const isOfKind = (operation: Operation, filling: Record<string, string>) =>
    matches(operation, filling).length === pathParameters(operation).length;

  /** All ways to fill the path from `ids`; where it names several things, all but one of them of the right kind. */
  const paths = (operation: Operation, ids: string[], strangers = 1) => {
    const names = pathParameters(operation);
    const least = names.length === 1 ? 1 - strangers : names.length - strangers;
    return fillings(names, ids).filter((filling) => matches(operation, filling).length >= least);
  };

  /** All ways to fill the path from `ids`. */
  const fillings = (names: string[], ids: string[]): Record<string, string>[] =>
    names.reduce<Record<string, string>[]>(
      (some, name) =>
        some.flatMap((one) => (NUMBERS[name] ? [NUMBERS[name]] : ids).map((id) => ({ ...one, [name]: id }))),
      [{}],
    );
  const withPath = () => operations.filter((one) => pathParameters(one).length > 0 && !NOT_IDS.includes(one.path));
  const told = ({ status, body }: { status: number; body: any }) =>
    `${status} ${body?.error?.code} ${body?.error?.message}`;

  it('are what every parameter of every path is tried with, by a tenant who has one of each kind', async () => {
    expect(withPath().length).toBeGreaterThan(15);
    expect(operations.filter(({ path }) => NOT_IDS.includes(path))).toHaveLength(NOT_IDS.length);
    const untried: unknown[] = [];
    const other = await tenant();
    for (const operation of withPath()) {
      // A new one for each that takes things away.
      const own = operation.method === 'DELETE' ? await tenant() : other;
      const who = isAdministration(operation) ? admin : own.there;
      const answers: string[] = [];
      for (const ids of fillings(pathParameters(operation), own.ids)) {
        answers.push(told(await who.request(operation.method, at(operation, ids), bodies.good(operation))));
        if (/^40[04]/.test(answers.at(-1)!)) continue;
        named.set(
          operation.operationId,
          Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, kinds.get(id)])),
        );
        break;
      }
      // Not found for its owner: `tenant` makes nothing of the kind. Bad: the schema of the body lacks an example.
      if (/^40[04]/.test(answers.at(-1)!)) untried.push([operation.operationId, answers]);
    }
    expect(untried).toEqual([]);
  });

  it('are not found, no more than those that nothing has, and nothing comes of asking', async () => {
    const [alice, bob] = [await tenant(), await tenant()];
    const byKey = parley.anonymous().with({ 'x-api-key': await bob.user.apiKey() });
    const before = await rowsOf(alice.ids);
    const wrong: unknown[] = [];
    for (const operation of withPath()) {
      // Of Bob's own, those that open a path to begin with.
      const foreign = paths(operation, [...alice.ids, ...bob.workspaces, bob.user.id]).filter((ids) =>
        Object.values(ids).some((id) => alice.ids.includes(id)),
      );
      const body = bodies.good(operation);
      const expected = isAdministration(operation) ? 403 : 404;
      for (const stranger of [bob.user, bob.there, byKey]) {
        const answers = new Map<string, string>(); // to ids that nothing has
        // An id of another kind is nothing to anybody: one stranger shows it.
        const tried = stranger === bob.there ? foreign : foreign.filter((ids) => isOfKind(operation, ids));
        for (const ids of tried) {
          const shape = JSON.stringify(ids, (_, id: string) => (alice.ids.includes(id) ? NOBODYS : id));
          if (!answers.has(shape)) {
            const unknown = JSON.parse(shape) as Record<string, string>;
            answers.set(shape, told(await stranger.request(operation.method, at(operation, unknown), body)));
          }
          const answer = await stranger.request(operation.method, at(operation, ids), body);
          if (answer.status !== expected || told(answer) !== answers.get(shape)) {
            wrong.push([operation.operationId, ids, told(answer), answers.get(shape)]);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(await rowsOf(alice.ids)).toEqual(before);
  });

  it('as X-Workspace-Id are not found by any operation', async () => {
    const [alice, bob] = [await tenant(), await parley.user()];
    const before = await rowsOf(alice.ids);
    const headed = operations.filter((one) => !isPublic(one) && pathParameters(one).length === 0);
    expect(headed.length).toBeGreaterThan(15);
    for (const operation of headed) {
      for (const id of alice.ids) {
        const headers = { 'x-workspace-id': id };
        const answer = await bob.request(operation.method, operation.path, bodies.good(operation), { headers });
        expect([operation.operationId, answer.status]).toEqual([operation.operationId, 404]);
      }
    }
    expect(await rowsOf(alice.ids)).toEqual(before);
  });

  it('in the query tell nothing of their things', async () => {
    const [alice, bob] = [await tenant(), await tenant()];
    const before = await rowsOf(alice.ids);
    for (const operation of operations) {
      for (const { name, in: where, schema } of operation.parameters ?? []) {
        if (where !== 'query' || (schema?.format !== 'uuid' && !/(^|_)ids?$/.test(name))) continue;
        for (const ids of paths(operation, bob.ids, 0)) {
          for (const id of alice.ids) {
            const answer = await bob.there.get(`${at(operation, ids)}?${name}=${id}`);
            const shown = JSON.stringify(answer.body);
            const leaked = alice.ids.filter((one) => shown.includes(one));
            expect([operation.operationId, name, leaked]).toEqual([operation.operationId, name, []]);
          }
        }
      }
    }
    expect(await rowsOf(alice.ids)).toEqual(before);
  });

  it('in a body are not found', async () => {
    const [alice, bob] = [await tenant(), await tenant()];
    const before = await rowsOf(alice.ids);
    for (const operation of operations.filter((one) => !isAdministration(one))) {
      for (const field of bodies.idFields(operation)) {
        if (FREE_FIELDS.includes(`${operation.operationId}.${field}`)) continue;
        for (const id of alice.ids) {
          const own = bodies.good(operation);
          const body = { ...own, [field]: Array.isArray(own?.[field]) || field.endsWith('s') ? [id] : id };
          const statuses = new Set<number>();
          for (const ids of paths(operation, bob.ids, 0)) {
            statuses.add((await bob.there.request(operation.method, at(operation, ids), body)).status);
          }
          expect([operation.operationId, field, [...statuses]]).toEqual([operation.operationId, field, [404]]);
        }
      }
    }
    expect(await rowsOf(alice.ids)).toEqual(before);
  });
});
