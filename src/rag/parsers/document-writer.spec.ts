import fc from 'fast-check';
import { DocumentWriter } from './document-writer';
import { MOST_TEXT } from './limits';

type Step = (writer: DocumentWriter) => unknown;

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('\n', ' ', '\0', '\ud800', '\udc00', '𝄞'),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  word.map(
    (text): Step =>
      (writer) =>
        writer.write(text),
  ),
  fc.tuple(fc.integer({ min: -1, max: 9 }), word).map(
    ([level, title]): Step =>
      (writer) =>
        writer.heading(level, title),
  ),
  fc.constant<Step>((writer) => writer.line()),
  fc.constant<Step>((writer) => writer.paragraph()),
);

describe('DocumentWriter', () => {
  it('gives offsets that are those of the text, whatever is written', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(fc.array(step), { maxLength: 5 }), (before, pages) => {
        const writer = new DocumentWriter();
        for (const write of before) write(writer);
        for (const [i, steps] of pages.entries()) {
          writer.page(i + 1);
          for (const write of steps) write(writer);
        }
        const { text, pages: spans, headings } = writer.write('end').finish('a\0\ud800');
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toContain('\0');
        expect(spans.map(({ start, end }) => text.slice(start, end)).join('')).toBe(spans.length > 0 ? text : '');
        for (const { start, title, level } of headings) {
          expect(text.startsWith(title, start)).toBe(true);
          expect(start === 0 || text[start - 1] === '\n').toBe(true);
          expect([1, 2, 3, 4, 5, 6]).toContain(level);
        }
      }),
    );
  });

  it('writes as much as was written', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const writer = new DocumentWriter();
        for (const text of texts) writer.write(text);
        expect(writer.write('x').finish().text).toHaveLength(writer.length);
      }),
    );
  });

  it('ends at its limit', () => {
    const writer = new DocumentWriter().write('x'.repeat(MOST_TEXT));
    expect(() => writer.write('x')).toThrow('characters');
  });

  it('has a title only when there is one', () => {
    expect(new DocumentWriter().write('x').finish(' \n')).toEqual({ text: 'x', pages: [], headings: [] });
    expect(new DocumentWriter().write('x').finish(' a\n b ').title).toBe('a b');
  });
});
