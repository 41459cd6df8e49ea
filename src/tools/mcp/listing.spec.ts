import { MOST_TOOLS, usableTools } from './listing';

const tool = (fields: object = {}) => ({
  name: 'read',
  description: 'Reads.',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } } },
  ...fields,
});
const names = async (given: unknown[], allowed: string[] | null = null) =>
  (await usableTools(given, allowed)).map(({ name }) => name);

describe('the tools an MCP server lists', () => {
  it('are kept with what is said of them', async () => {
    const annotations = { readOnlyHint: true, idempotentHint: false, title: 'ignored' };
    const outputSchema = { type: 'object', properties: { text: { type: 'string' } } };
    expect(
      await usableTools([tool({ annotations, outputSchema, _meta: { any: 'thing' } }), tool({ name: 'b' })], null),
    ).toEqual([
      {
        name: 'read',
        description: 'Reads.',
        input_schema: tool().inputSchema,
        output_schema: outputSchema,
        read_only: true,
        idempotent: false,
      },
      expect.objectContaining({ name: 'b', output_schema: null, read_only: null, idempotent: null }),
    ]);
  });

  it.each([
    ['null', null],
    ['one without a name', tool({ name: '' })],
    ['one with a name as long as a book', tool({ name: 'x'.repeat(10_000) })],
    ['one without a schema', tool({ inputSchema: undefined })],
    ['one that takes no object', tool({ inputSchema: { type: 'array' } })],
    [
      'one with a schema that is none',
      tool({ inputSchema: { type: 'object', properties: { a: { type: 'nonsense' } } } }),
    ],
    ['one that refers elsewhere', tool({ inputSchema: { type: 'object', $ref: 'https://example.com/schema' } })],
    ['one with an endless schema', tool({ inputSchema: { type: 'object', description: 'x'.repeat(100_000) } })],
    ['one with odd hints', tool({ annotations: { readOnlyHint: 'yes' } })],
  ])('are used without %s', async (_, odd) => {
    expect(await names([odd, tool({ name: 'good' })])).toEqual(['good']);
  });

  it('are used once, so many, and those that are wanted', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => tool({ name: `t${i}` }));
    expect(await names([tool(), tool({ description: 'Another.' })])).toEqual(['read']);
    expect(await names(many)).toHaveLength(MOST_TOOLS);
    expect(await names(many, ['t999', 't3', 'none'])).toEqual(['t3', 't999']);
  });

  it('are cut where they are long', async () => {
    const [long] = await usableTools([tool({ description: '\u{1F600}'.repeat(500_000) })], null);
    expect(long!.description.length).toBe(4_000);
    const large = (i: number) =>
      tool({ name: `t${i}`, inputSchema: { type: 'object', description: 'x'.repeat(30_000) } });
    expect((await names(Array.from({ length: 100 }, (_, i) => large(i)))).length).toBeLessThan(20);
  });
});
