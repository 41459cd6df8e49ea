import { toFilter } from './filter.codec';

const deep = (depth: number): object => (depth === 0 ? { a: 1 } : { not: deep(depth - 1) });

describe('a filter', () => {
  it('is read from its short form and its long one', () => {
    const field = { name: 'year', metadata: true };
    expect(toFilter({ year: 2024 })).toEqual({ op: 'in', field, values: [2024] });
    expect(toFilter({ year: { eq: 2024 } })).toEqual(toFilter({ year: 2024 }));
    expect(toFilter({ year: { gte: 2020, lt: 2024 }, not: { title: 'x' } })).toEqual({
      op: 'and',
      of: [
        { op: 'gte', field, value: 2020 },
        { op: 'lt', field, value: 2024 },
        { op: 'not', of: { op: 'in', field: { name: 'title', metadata: false }, values: ['x'] } },
      ],
    });
    expect(toFilter({ 'metadata.title': 'x' })).toMatchObject({ field: { name: 'title', metadata: true } });
    expect(toFilter({ created_at: { gt: '2024-01-01' } })).toMatchObject({ value: '2024-01-01T00:00:00.000Z' });
  });

  it.each([
    ['no object', 7, 'filter'],
    ['a list', [], 'filter'],
    ['nothing', {}, 'filter'],
    ['an empty list', { and: [] }, 'filter.and'],
    ['a list of others', { or: [{ a: 1 }, 2] }, 'filter.or[1]'],
    ['an unknown operator', { a: { like: 'x' } }, 'filter.a.like'],
    ['null', { a: null }, 'filter.a'],
    ['a list as value', { a: [1] }, 'filter.a'],
    ['an object as value', { a: { eq: {} } }, 'filter.a.eq'],
    ['no condition', { a: {} }, 'filter.a'],
    ['values that are none', { a: { in: [] } }, 'filter.a.in'],
    ['a value that is none', { a: { in: [1, null] } }, 'filter.a.in[1]'],
    ['an order of booleans', { a: { gt: true } }, 'filter.a.gt'],
    ['existence by name', { a: { exists: 'yes' } }, 'filter.a.exists'],
    ['a number as title', { title: 1 }, 'filter.title'],
    ['no time', { created_at: { gt: 'yesterday' } }, 'filter.created_at.gt'],
    ['a year that is none', { created_at: '0000-01-01' }, 'filter.created_at'],
    ['a year before our era', { created_at: { gt: '-000001-01-01T00:00:00Z' } }, 'filter.created_at.gt'],
    ['a year of six figures', { created_at: { lt: '+275760-09-13T00:00:00.000Z' } }, 'filter.created_at.lt'],
    ['NUL', { a: 'x\0' }, 'filter.a'],
    ['half an emoji', { a: { in: ['\ud83d'] } }, 'filter.a.in[0]'],
    ['a field without a name', { '': 1 }, 'filter.'],
    ['great depth', deep(6), 'filter.not.not.not.not.not'],
    ['many values', { a: { in: Array.from({ length: 101 }, (_, i) => i) } }, 'filter.a.in'],
    ['many conditions', { or: Array.from({ length: 51 }, () => ({ a: 1 })) }, 'filter.or[50].a'],
    ['a long text', { a: 'x'.repeat(1_001) }, 'filter.a'],
  ])('is refused with %s, which is named', (_, filter, place) => {
    expect(() => toFilter(filter)).toThrow(expect.objectContaining({ code: 'validation_failed', param: place }));
  });
});
