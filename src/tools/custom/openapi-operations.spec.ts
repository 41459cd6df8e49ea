import { documentOf } from './openapi-document';
import { type OperationOptions, toOperations } from './openapi-operations';

const PETS = {
  openapi: '3.0.3',
  info: { title: 'Pets', version: '1' },
  servers: [{ url: 'https://{region}.example.com/v1/', variables: { region: { default: 'eu' } } }],
  paths: {
    '/pets/{pet-id}': {
      parameters: [{ name: 'pet-id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: { operationId: 'getPet', summary: 'One pet' },
      put: {
        operationId: 'change pet!',
        parameters: [
          { name: 'id', in: 'query', description: 'Of the visit', schema: { type: 'string', nullable: true } },
          { name: 'id', in: 'header', schema: { type: 'string' } },
          { name: 'Authorization', in: 'header', required: true, schema: { type: 'string' } },
          { name: 'X-Key', in: 'header', required: true, schema: { type: 'string' } },
          { name: 'session', in: 'cookie', schema: { type: 'string' } },
        ],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } },
        },
      },
    },
    '/pets': {
      post: {
        requestBody: {
          content: { 'application/vnd.pets+json; v=1': { schema: { type: 'array', items: { type: 'string' } } } },
        },
      },
      delete: { operationId: 'drop', requestBody: { content: { 'text/csv': {} } } },
    },
    '/away': { get: { operationId: 'away', parameters: [{ $ref: 'https://evil.example/p.json#/x' }] } },
    '/gone': { get: { operationId: 'gone', parameters: [{ $ref: '#/components/parameters/none' }] } },
    '/round': { get: { operationId: 'round', parameters: [{ $ref: '#/components/parameters/round' }] } },
    '/lost/{x}': { get: { operationId: 'lost' } },
    '/cookie': { get: { operationId: 'cookie', parameters: [{ name: 's', in: 'cookie', required: true }] } },
    '/odd': { get: { operationId: 'odd', parameters: [{ name: 'q', in: 'query', schema: { type: 'nonsense' } }] } },
  },
  components: {
    parameters: { round: { $ref: '#/components/parameters/round' } },
    schemas: {
      Pet: {
        type: 'object',
        required: ['id', 'name', 'seen'],
        properties: {
          id: { type: 'integer', minimum: 0, exclusiveMinimum: true, example: 7, xml: { name: 'x' } },
          name: { type: 'string' },
          seen: { type: 'string', readOnly: true },
          parent: { $ref: '#/components/schemas/Pet' },
        },
      },
    },
  },
};
const OPTIONS: OperationOptions = {
  prefix: null,
  only: null,
  baseUrl: null,
  documentUrl: null,
  headerNames: ['x-key'],
  idempotencyHeader: null,
  timeoutMs: 30_000,
};
const read = (more: Partial<OperationOptions> = {}, document: unknown = PETS) =>
  toOperations(documentOf(document), { ...OPTIONS, ...more });
const one = (id: string, more: Partial<OperationOptions> = {}) => read({ only: [id], ...more }).operations[0]!;

describe('the operations of an OpenAPI document', () => {
  it('are tools, but for those that no model could call, which are told with their reasons', () => {
    const { operations, skipped } = read({ prefix: 'pets' });
    expect(operations.map(({ name, method, url, sideEffects }) => [name, method, url, sideEffects])).toEqual([
      ['pets_getPet', 'GET', 'https://eu.example.com/v1/pets/{pet-id}', 'reads'],
      ['pets_change_pet_', 'PUT', 'https://eu.example.com/v1/pets/{pet-id}', 'writes'],
      ['pets_post_pets', 'POST', 'https://eu.example.com/v1/pets', 'writes'],
    ]);
    expect(Object.fromEntries(skipped.map(({ operation, reason }) => [operation, reason]))).toEqual({
      drop: 'its body is not JSON',
      away: expect.stringMatching(/evil\.example.*outside of the document/),
      gone: expect.stringMatching(/which is not there/),
      round: expect.stringMatching(/in circles/),
      lost: expect.stringMatching(/\{x\} of its path/),
      cookie: 'it needs a cookie',
      odd: expect.stringMatching(/is none/),
    });
  });

  it('take path, query, header and body as one object, in which clashing names say where they are', () => {
    const { parameters, placements, rest } = one('change pet!');
    expect(parameters).toEqual({
      type: 'object',
      required: ['pet-id', 'body_id', 'name'],
      additionalProperties: false,
      properties: {
        'pet-id': { type: 'integer' },
        id: { type: ['string', 'null'], description: 'Of the visit' },
        header_id: { type: 'string' },
        body_id: { type: 'integer', exclusiveMinimum: 0 },
        name: { type: 'string' },
        parent: { description: 'The same again as the one this is in.' },
      },
    });
    expect(placements).toEqual([
      { argument: 'id', in: 'query', name: 'id' },
      { argument: 'header_id', in: 'header', name: 'id' },
      { argument: 'body_id', in: 'field', name: 'id' },
      { argument: 'name', in: 'field', name: 'name' },
      { argument: 'parent', in: 'field', name: 'parent' },
    ]);
    expect(rest).toBe('query');
    expect(one('post/pets').placements).toEqual([{ argument: 'body', in: 'json', name: 'body' }]);
  });

  it('are called within 64 characters, each otherwise', () => {
    const long = 'a'.repeat(80);
    const paths = Object.fromEntries([1, 2, 3].map((n) => [`/${n}`, { get: { operationId: `${long}${n}` } }]));
    const names = read({}, { ...PETS, paths }).operations.map(({ name }) => name);
    expect(names).toEqual(['a'.repeat(64), `${'a'.repeat(62)}_2`, `${'a'.repeat(62)}_3`]);
  });

  it('are at the base_url, or where the document came from', () => {
    expect(one('getPet', { baseUrl: 'https://x.example/api/' }).url).toBe('https://x.example/api/pets/{pet-id}');
    const relative = { ...PETS, servers: [{ url: '/v2' }] };
    const found = read({ documentUrl: 'https://y.example/docs/openapi.json' }, relative).operations[0]!;
    expect(found.url).toBe('https://y.example/v2/pets/{pet-id}');
    expect(() => read({}, relative)).toThrow(/base_url/);
  });

  it('are read from YAML, too', () => {
    const yaml = 'openapi: 3.1.0\nservers: [{url: "https://x.example"}]\npaths:\n  /a:\n    get: {operationId: a}\n';
    expect(read({}, yaml).operations[0]).toMatchObject({ name: 'a', url: 'https://x.example/a' });
  });

  it.each([
    ['', /not an object/],
    ['{"openapi":', /can't be read/],
    ['a: [b', /can't be read/],
    ['a: &a [x]\nb: [*a,*a]\nopenapi: 2.0', /3\.0 or 3\.1/],
    [[], /not an object/],
    [{ openapi: '3.1.0' }, /paths/],
    [{ swagger: '2.0', paths: {} }, /3\.0 or 3\.1/],
    [{ openapi: '3.1.0', paths: {} }, /no operations/],
    [{ openapi: '3.1.0', paths: { '/x': null, '/y': { get: 1 }, z: { get: {} } } }, /no operations/],
    [{ ...PETS, servers: [] }, /base_url/],
    [{ ...PETS, servers: [{ url: 'https://user:pass@x.example' }] }, /credentials/],
    ['x'.repeat(600_000), /bytes of YAML/],
    [
      { ...PETS, paths: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`/${n}`, { get: {} }])) },
      /choose at most 100/,
    ],
  ])('are not those of %p', (document, message) => {
    expect(() => read({}, document)).toThrow(message);
    expect(() => read({}, document)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  });

  it('are refused when they were asked for and are not there, or can be none', () => {
    expect(() => read({ only: ['nothing'] })).toThrow(/no operation 'nothing'/);
    expect(() => read({ only: ['drop'] })).toThrow(/'drop' can't be a tool: its body is not JSON/);
  });

  it('that refer to ever more are given up', () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => {
        const next = { $ref: `#/components/schemas/S${n + 1}` };
        return [`S${n}`, n === 29 ? {} : { properties: { a: next, b: next } }];
      }),
    );
    const requestBody = { content: { 'application/json': { schema: { $ref: '#/components/schemas/S0' } } } };
    const bomb = { ...PETS, paths: { '/x': { post: { requestBody } } }, components: { schemas } };
    expect(() => read({}, bomb)).toThrow(/parts, or are nested too deeply/);
  });

  it('of a document with YAML bombs are not read', () => {
    const lines = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    expect(() => read({}, `openapi: 3.1.0\npaths: {}\na0: &a0 [x]\n${lines.join('\n')}`)).toThrow(/alias/i);
  });
});
