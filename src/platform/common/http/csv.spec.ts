import fc from 'fast-check';
import { toCsv } from './csv';

describe('toCsv', () => {
  it('is a header row and a row each, as RFC 4180 has them', () => {
    const rows = [
      { name: 'plain', count: 1 },
      { name: 'a "quoted", one', count: 2 },
      { name: 'two\r\nlines', count: 3 },
      { name: null, count: 0 },
    ];
    expect(toCsv({ columns: ['name', 'count'], rows })).toBe(
      'name,count\r\nplain,1\r\n"a ""quoted"", one",2\r\n"two\r\nlines",3\r\n,0\r\n',
    );
    expect(toCsv({ columns: ['name'], rows: [] })).toBe('name\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\u00a0=1', '\uff1d1', ';=1', '|=1'])(
    'lets no spreadsheet run %j',
    (text) => {
      expect(toCsv({ columns: ['c'], rows: [{ c: text }] })).toMatch(/^c\r\n"?'/);
    },
  );

  it('can be read back, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 }), (pairs) => {
        const csv = toCsv({ columns: ['a', 'b'], rows: pairs.map(([a, b]) => ({ a, b })) });
        const safe = (text: string) =>
          /^[\s;|]*[=+\-@%\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
        expect(parse(csv)).toEqual([['a', 'b'], ...pairs.map((pair) => pair.map(safe))]);
      }),
    );
  });
});

/** A reader of RFC 4180, field by field. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') rows.push([]);
  }
  rows.pop();
  return rows;
}
