import fc from 'fast-check';
import { Quotable, quotationsIn } from './quotations';

const TEXT =
  'Employees have 28 days of paid leave in a calendar year. Part-time employees\nhave a pro-\nportional claim — “rounded up to half days”. 🎈 It must be taken by March.';
const find = (quotation: string, text = TEXT) => {
  const span = new Quotable(text).find(quotation, { left: 10_000_000 });
  return span && text.slice(span.start, span.end);
};

describe('a quotation', () => {
  it.each([
    ['as it is', '28 days of paid leave', '28 days of paid leave'],
    ['in another case', 'employees HAVE 28 days', 'Employees have 28 days'],
    ['over a line', 'Part-time employees have', 'Part-time employees\nhave'],
    ['hyphenated', 'a proportional claim', 'a pro-\nportional claim'],
    ['with other typography', 'claim - "rounded up to half days"', 'claim — “rounded up to half days”'],
    ['with a full stop of its own', '28 days of paid leave.', '28 days of paid leave'],
    ['nearly so', 'Employees have got 28 days of payed leave', 'Employees have 28 days of paid leave'],
  ])('%s is found', (_, quotation, found) => {
    expect(find(quotation)).toBe(found);
  });

  it('is not found where nothing like it is said', () => {
    expect(find('The moon is made of green cheese')).toBeNull();
    expect(find('paid')).toBe('paid');
    expect(find('payd')).toBeNull();
  });

  it('costs nothing more when enough was spent', () => {
    const quotable = new Quotable(TEXT);
    const effort = { left: TEXT.length + 100 };
    expect(quotable.find('Employees have got 28 days', effort)).toBeNull(); // would be found with more
    expect(effort.left).toBe(100);
    expect(quotable.find(TEXT.slice(0, 20), effort)).toBeNull();
  });

  it('is a piece of the text, never half a character, whatever was quoted', () => {
    const unit = fc.constantFrom('a', 'B', ' ', '\n', '🎈', '日', '-', '“', 'İ', '\u00AD', '.', 'word ', 'ß');
    const text = fc.array(unit, { maxLength: 60 }).map((units) => units.join(''));
    fc.assert(
      fc.property(text, text, fc.nat(), fc.nat(), (body, other, from, to) => {
        const inside = body
          .slice(from % (body.length + 1))
          .slice(0, to % 40)
          .toWellFormed();
        for (const quotation of [inside, inside.toUpperCase(), other]) {
          const span = new Quotable(body).find(quotation, { left: 1_000_000 });
          if (!span) continue;
          expect(span.start).toBeGreaterThanOrEqual(0);
          expect(span.end).toBeLessThanOrEqual(body.length);
          expect(body.slice(span.start, span.end).isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('stands between any marks, also where the last is still open', () => {
    expect(quotationsIn('He said "it is so" and “it was so, too” and «c’était ainsi».')).toEqual([
      'it is so',
      'it was so, too',
      'c’était ainsi',
    ]);
    expect(quotationsIn('„es war einmal so“ and "it will be ')).toEqual(['es war einmal so', 'it will be']);
    expect(quotationsIn('a "word" is none')).toEqual([]);
  });
});
