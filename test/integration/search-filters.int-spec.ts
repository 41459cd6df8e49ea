import fc from 'fast-check';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type TestCollection, TestSearch } from '../support/rag';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
interface Row {
  id: string;
  title: string;
  created_at: string;
  metadata: Record<string, Json>;
}

/** What a filter means, without SQL. */
function holds(filter: any, row: Row): boolean {
  return Object.entries<any>(filter).every(([name, told]) => {
    if (name === 'and') return told.every((one: any) => holds(one, row));
    if (name === 'or') return told.some((one: any) => holds(one, row));
    if (name === 'not') return !holds(told, row);
    const value = name === 'title' || name === 'created_at' ? row[name] : row.metadata[name.replace(/^metadata\./, '')];
    const conditions = typeof told === 'object' ? told : { eq: told };
    return Object.entries<any>(conditions).every(([operator, operand]) => meets(value, operator, operand, name));
  });
}

function meets(value: Json | undefined, operator: string, operand: any, name: string): boolean {
  const same = (one: any) =>
    name === 'created_at' ? Date.parse(value as string) === Date.parse(one) : equals(value, one);
  switch (operator) {
    case 'eq':
      return same(operand);
    case 'ne':
      return !same(operand);
    case 'in':
      return operand.some(same);
    case 'exists':
      return (value !== undefined) === operand;
    default: {
      if (typeof value !== typeof operand) return false;
      const order =
        name === 'created_at'
          ? Date.parse(value as string) - Date.parse(operand)
          : typeof value === 'string'
            ? Buffer.compare(Buffer.from(value), Buffer.from(operand))
            : (value as number) - operand;
      return operator === 'gt'
        ? order > 0
        : operator === 'gte'
          ? order >= 0
          : operator === 'lt'
            ? order < 0
            : order <= 0;
    }
  }
}

const equals = (value: Json | undefined, one: Json): boolean =>
  value === one || (Array.isArray(value) && value.some((item) => item === one));

const KEYS = ['year', 'tags', 'status', 'title', "it's; --", 'ключ'];
const scalar = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0.5, 1e21, -2.25),
  fc.constantFrom('a', 'b', 'B', 'é', '', '1', '\\', '"', '%', '😀', '￿', "'"),
  fc.boolean(),
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.constant(null),
  fc.constant({ a: 1 }),
);
const time = fc.constantFrom('2024-01-01T00:00:00Z', '2024-06-01T12:00:00.5Z', '2025-01-01T01:00:00+01:00');
const metadata = fc.dictionary(fc.constantFrom(...KEYS), value);
const ordered = scalar.filter((one) => typeof one !== 'boolean');
const operators = (operand: fc.Arbitrary<unknown>, bound: fc.Arbitrary<unknown>) =>
  fc.oneof(
    operand,
    fc.record({ eq: operand }),
    fc.record({ ne: operand }),
    fc.record({ in: fc.array(operand, { minLength: 1, maxLength: 3 }) }),
    fc.record({ exists: fc.boolean() }),
    fc.record({ gte: bound, lt: bound }, { requiredKeys: [] }).filter((one) => Object.keys(one).length > 0),
    fc.record({ gt: bound }),
    fc.record({ lte: bound }),
  );
const named = (name: string, condition: fc.Arbitrary<unknown>) => condition.map((one) => ({ [name]: one }));
const titles = fc.constantFrom('a', 'b', 'Ä');
const { filter } = fc.letrec<{ filter: object; leaf: object }>((tie) => ({
  leaf: fc.oneof(
    ...KEYS.map((key) => named(key === 'title' ? 'metadata.title' : key, operators(scalar, ordered))),
    named('title', operators(titles, titles)),
    named('created_at', operators(time, time)),
  ),
  filter: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    tie('leaf'),
    fc.record({ and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
    fc.tuple(tie('leaf'), tie('leaf')).map(([a, b]) => ({ ...a, ...b })),
  ),
}));

describe('filters', () => {
  let search: TestSearch;
  let owner: Principal;
  let collection: TestCollection;
  const rows: Row[] = [];
  beforeAll(async () => {
    search = await TestSearch.start();
    owner = await search.person();
    collection = await search.collection(owner);
    const samples = fc.sample(fc.tuple(metadata, titles, time), { numRuns: 60, seed: 7 });
    for (const [i, [fields, title, createdAt]] of samples.entries()) {
      const told = { title: i < 3 ? ['a', 'b', 'Ä'][i]! : `${title}${i}`, metadata: fields, createdAt };
      const id = await search.document(collection, [`word${i} shared`], told);
      rows.push({ id, title: told.title, created_at: createdAt, metadata: fields });
    }
  });
  afterAll(() => search.stop());

  it('find the documents that a plain reading of them says, by words and by vectors', async () => {
    let some = 0;
    await fc.assert(
      fc.asyncProperty(filter, fc.constantFrom('text', 'vector', 'hybrid'), async (one, mode) => {
        const expected = rows.filter((row) => holds(one, row)).map(({ id }) => id);
        if (expected.length > 0 && expected.length < rows.length) some++;
        const found = await search.found(owner, collection, 'shared', { mode: mode as 'text', filter: one, k: 100 });
        expect(found.sort()).toEqual(expected.sort());
      }),
      { numRuns: 250 },
    );
    expect(some).toBeGreaterThan(50);
  });

  it('tell documents apart by what they are', async () => {
    const [first, second] = rows;
    const ask = (told: object) => search.found(owner, collection, 'shared', { mode: 'text', filter: told });
    expect(await ask({ document_id: first!.id })).toEqual([first!.id]);
    expect(await ask({ document_id: { in: [first!.id, second!.id, 'none'] }, title: first!.title })).toEqual([
      first!.id,
    ]);
    expect(await ask({ language: 'de' })).toEqual([]);
    expect(await ask({ media_type: { exists: true } })).toEqual([]);
  });
});
