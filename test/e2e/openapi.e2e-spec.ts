import { randomUUID } from 'node:crypto';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  [key: string]: unknown;
}
interface Operation {
  method: string;
  path: string;
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

/** What is sent to operations on things with an id, so that nothing but whose they are is at fault. */
const BODIES: Record<string, object> = {
  workspaces_rename: { name: 'Taken over' },
  members_update: { role: 'viewer' },
  invitations_create: { email: 'someone@example.com', role: 'viewer' },
  apiKeys_update: { name: 'Taken over' },
  apiKeys_rotate: {},
  conversations_update: { title: 'Taken over' },
  conversations_chat: { content: 'Hi' },
  conversations_stream: { content: 'Hi' },
};
/** Not anyone's. */
const COMMON = ['models_get'];

describe('the OpenAPI document', () => {
  let parley: TestParley;
  let document: any;
  let operations: Operation[];
  beforeAll(async () => {
    parley = await startParley();
    document = parley.contract.document;
    operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
    );
  });
  afterAll(() => parley.stop());

  const resolve = (ref: string): Schema =>
    ref
      .slice('#/'.length)
      .split('/')
      .reduce((at, step) => at?.[step.replaceAll('~1', '/')], document);
  const isPublic = ({ security }: Operation) => security?.length === 0;
  const body = ({ operationId, requestBody }: Operation) => (requestBody ? (BODIES[operationId] ?? {}) : undefined);
  const wrong = (what: (operation: Operation) => boolean) =>
    operations.filter(what).map(({ method, path }) => `${method} ${path}`);

  describe('is one that clients can be made from', () => {
    it('names, sums up and files every operation', () => {
      expect(document.openapi).toMatch(/^3\./);
      expect(document.info).toMatchObject({ title: 'Parley', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
      expect(operations.length).toBeGreaterThan(30);
      expect(wrong(({ summary }) => !summary || summary.length < 5)).toEqual([]);
      const tags = new Set(document.tags.map(({ name }: { name: string }) => name));
      expect(wrong((operation) => !operation.tags?.length || !operation.tags.every((tag) => tags.has(tag)))).toEqual(
        [],
      );
      expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    });

    it('says which operations need no credentials, and how the others take them', () => {
      expect(wrong(isPublic).sort()).toEqual([
        'GET /health',
        'GET /ready',
        'POST /v1/auth/login',
        'POST /v1/auth/password-reset',
        'POST /v1/auth/password-reset/confirm',
        'POST /v1/auth/refresh',
        'POST /v1/auth/register',
      ]);
      expect(document.security).toEqual([{ bearer: [] }, { api_key: [] }]);
      expect(Object.keys(document.components.securitySchemes).sort()).toEqual(['api_key', 'bearer']);
    });

    it('declares every parameter of every path', () => {
      const missing = ({ path, parameters = [] }: Operation) =>
        [...path.matchAll(/\{(\w+)\}/g)].some(
          ([, name]) => !parameters.some((one) => one.in === 'path' && one.name === name && one.required && one.schema),
        );
      expect(wrong(missing)).toEqual([]);
    });

    it('declares the errors of every operation, in the one shape', () => {
      const declares = ({ responses }: Operation, ...statuses: number[]) =>
        statuses.every((status) => responses[status]);
      expect(wrong((operation) => !declares(operation, 500, 503))).toEqual([]);
      expect(wrong((operation) => !isPublic(operation) && !declares(operation, 401, 403))).toEqual([]);
      expect(wrong((operation) => !!operation.requestBody && !declares(operation, 400, 413, 415))).toEqual([]);
      expect(wrong((operation) => operation.path.includes('{') && !declares(operation, 404))).toEqual([]);
      const odd = ({ path, responses }: Operation) =>
        Object.entries(responses).some(([status, { description, content }]) => {
          if (!description) return true;
          if (Number(status) < 400 || path === '/ready') return false;
          return content?.['application/json']?.schema.$ref !== '#/components/schemas/ErrorDto';
        });
      expect(wrong(odd)).toEqual([]);
    });

    it('has real schemas: whatever is sent or answered has named fields, and no reference leads nowhere', () => {
      const said = (operation: Operation) => [
        ...Object.values(operation.requestBody?.content ?? {}),
        ...Object.values(operation.responses).flatMap(({ content = {} }) => Object.values(content)),
      ];
      const vague = ({ schema }: { schema?: Schema }): boolean => {
        const whole = schema?.$ref ? resolve(schema.$ref) : schema;
        if (!whole) return true;
        if (whole.type === 'string') return false; // a stream
        const parts = (whole['oneOf'] ?? whole['anyOf'] ?? whole['allOf']) as Schema[] | undefined;
        if (parts) return parts.some((part) => vague({ schema: part }));
        return Object.keys(whole.properties ?? {}).length === 0;
      };
      expect(wrong((operation) => said(operation).some(vague))).toEqual([]);
      const answered = ({ responses }: Operation) =>
        Object.entries(responses).some(([status, { content }]) => status !== '204' && Number(status) < 300 && content);
      expect(
        wrong((operation) => !answered(operation) && !operation.responses['204'] && !operation.responses['202']),
      ).toEqual([]);
      const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
      expect(refs.filter((ref) => !(resolve(ref) as Schema | undefined))).toEqual([]);
    });
  });

  describe('is what the service does', () => {
    const filled = (path: string, value = randomUUID()) => path.replaceAll(/\{\w+\}/g, value);

    it('needs credentials wherever it says so', async () => {
      const closed = operations.filter((operation) => !isPublic(operation));
      expect(closed.length).toBeGreaterThan(25);
      for (const operation of closed) {
        const asked = parley.anonymous().request(operation.method, filled(operation.path), body(operation));
        const { status, body: said, headers } = await asked;
        const told = [operation.operationId, status, said.error.code, headers.get('www-authenticate')];
        expect(told).toEqual([operation.operationId, 401, 'missing_credentials', 'Bearer']);
      }
    });

    it.each([
      ['an access token', { authorization: 'Bearer not.a.token' }],
      ['a key', { 'x-api-key': `parley_${'0'.repeat(43)}` }],
      ['a key as a bearer', { authorization: `Bearer parley_${'0'.repeat(43)}` }],
    ])('lets nobody in with %s that is none', async (_, headers) => {
      for (const operation of operations.filter((one) => !isPublic(one))) {
        const { status } = await parley
          .anonymous()
          .with(headers)
          .request(operation.method, filled(operation.path), body(operation));
        expect([operation.operationId, status]).toEqual([operation.operationId, 401]);
      }
    });

    it('needs none wherever it says so', async () => {
      for (const operation of operations.filter(isPublic)) {
        const { body: said } = await parley.anonymous().request(operation.method, operation.path, body(operation));
        expect(['missing_credentials', 'invalid_token']).not.toContain(said.error?.code);
      }
    });

    it("never finds another tenant's things", async () => {
      const [alice, bob] = [await parley.user(), await parley.user()];
      const team = (await alice.post('/v1/workspaces', { name: "Alice's team" })).body.id as string;
      await alice.apiKey({ name: "Alice's key" });
      const conversation = await alice.conversation({ title: "Alice's secret" });
      const { message } = (await alice.post(`/v1/conversations/${conversation}/chat`, { content: 'Hi' })).body;
      const key = (await alice.get('/v1/auth/api-keys')).body.data[0].id as string;
      const mine: Record<string, string> = {
        '/v1/workspaces/{id}': team,
        '/v1/auth/api-keys/{id}': key,
        '/v1/conversations/{id}': conversation,
      };
      const read = async (who: TestUser) => {
        const paths = [`/v1/workspaces/${team}`, `/v1/workspaces/${team}/members`, '/v1/auth/api-keys'];
        paths.push(`/v1/conversations/${conversation}`, `/v1/conversations/${conversation}/messages`);
        return Promise.all(paths.map(async (path) => (await who.get(path)).body));
      };
      const before = await read(alice);
      const byKey = parley.anonymous().with({ 'x-api-key': await bob.apiKey() });
      const elsewhere = bob.with({ ...bob.headers, 'x-workspace-id': team });

      const ofThings = operations.filter(
        ({ path, operationId }) => path.includes('{') && !COMMON.includes(operationId),
      );
      expect(ofThings.length).toBeGreaterThan(12);
      for (const operation of ofThings) {
        const owned = Object.keys(mine).find((prefix) => operation.path.startsWith(prefix));
        if (!owned) throw new Error(`${operation.operationId}: add what it is about, as Alice's, to this test`);
        if (operation.requestBody && !BODIES[operation.operationId]) {
          throw new Error(`${operation.operationId}: add a good body to BODIES`);
        }
        const at = (id: string) =>
          operation.path
            .replace('{id}', id)
            .replace('{user_id}', alice.id)
            .replace('{mid}', message.id)
            .replace('{invitation_id}', message.id);
        for (const stranger of [bob, byKey, elsewhere]) {
          const ask = (id: string) => stranger.request(operation.method, at(id), body(operation));
          const [theirs, nobodys] = [await ask(mine[owned]!), await ask(randomUUID())];
          expect([operation.operationId, theirs.status]).toEqual([operation.operationId, 404]);
          // Not even that it exists can be told from the answer.
          const plain = ({ error }: any) => ({ ...error, request_id: '' });
          expect(plain(theirs.body)).toEqual(plain(nobodys.body));
        }
      }
      const own = bob.request('PATCH', `/v1/workspaces/${bob.workspaceId}/members/${alice.id}`, { role: 'viewer' });
      expect((await own).status).toBe(404);
      expect(await read(alice)).toEqual(before);
    });
  });

  describe('can be read in a browser', () => {
    it.each(['/docs', '/redoc'])('%s, which loads nothing from elsewhere', async (path) => {
      const answer = await parley.anonymous().get(path);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      const policy = answer.headers.get('content-security-policy')!;
      expect(policy).toMatch(/^default-src 'self'/);
      expect(policy).not.toMatch(/https?:|\*/);
      const html = answer.body as string;
      const references = [...html.matchAll(/(?:src|href|spec-url)="([^"]+)"/g)].map(([, url]) => url!);
      expect(references.length).toBeGreaterThan(1);
      for (const reference of references.filter((url) => !url.startsWith('data:'))) {
        const url = new URL(reference, parley.url + path);
        expect(url.origin).toBe(parley.url);
        const loaded = await fetch(url);
        expect([reference, loaded.status]).toEqual([reference, 200]);
        expect((await loaded.arrayBuffer()).byteLength).toBeGreaterThan(100);
      }
      expect(html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:\/\//);
    });
  });
});
