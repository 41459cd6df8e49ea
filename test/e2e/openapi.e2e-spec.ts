import { randomUUID } from 'node:crypto';
import { Bodies, isPublic, type Operation, operationsOf, type Schema } from '../support/operations';
import { startParley, type TestParley } from '../support/parley';

describe('the OpenAPI document', () => {
  let parley: TestParley;
  let document: any;
  let operations: Operation[];
  let bodies: Bodies;
  beforeAll(async () => {
    parley = await startParley();
    document = parley.contract.document;
    operations = operationsOf(document);
    bodies = new Bodies(document);
  });
  afterAll(() => parley.stop());

  const resolve = ($ref: string): Schema | undefined => bodies.resolve({ $ref });
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
        const parts = whole['oneOf'] ?? whole['anyOf'] ?? whole['allOf'];
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
      expect(refs.filter((ref) => !resolve(ref))).toEqual([]);
    });
  });

  describe('is what the service does', () => {
    const filled = (path: string, value = randomUUID()) => path.replaceAll(/\{\w+\}/g, value);

    it('needs credentials wherever it says so', async () => {
      const closed = operations.filter((operation) => !isPublic(operation));
      expect(closed.length).toBeGreaterThan(25);
      for (const operation of closed) {
        const asked = parley.anonymous().request(operation.method, filled(operation.path), bodies.good(operation));
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
          .request(operation.method, filled(operation.path), bodies.good(operation));
        expect([operation.operationId, status]).toEqual([operation.operationId, 401]);
      }
    });

    it('needs none wherever it says so', async () => {
      for (const operation of operations.filter(isPublic)) {
        const { body: said } = await parley
          .anonymous()
          .request(operation.method, operation.path, bodies.good(operation));
        expect(['missing_credentials', 'invalid_token']).not.toContain(said.error?.code);
      }
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
