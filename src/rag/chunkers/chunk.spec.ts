import fc from 'fast-check';
import { type Chunking, STRATEGIES } from '../chunks.types';
import { type Heading, type PageSpan, type ParsedDocument } from '../parsed.types';
import { chunk } from './registry';
import { TokenRuler } from './token-ruler';

const plain = (text: string): ParsedDocument => ({ text, pages: [], headings: [] });
const pieces = (text: string, chunking: Chunking) =>
  [...chunk(plain(text), chunking)].map(({ start, end }) => text.slice(start, end));

/** Texts of all kinds of pieces, among them such as are easily cut wrongly. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\n\n', '\r\n', ' ', '\t  ', '\u00a0', '. ', '? ', '。', '\n \n', '\ufeff', '\u2028'),
      fc.constantFrom(
        '👩‍👩‍👧‍👦',
        '🇦🇹',
        '🇧',
        'e\u0301',
        '각',
        'क्षि',
        '\u0600 1',
        '\ufffd',
        '한글',
        '漢字かな',
        'ไทย',
        'x\u0301\u0302\u0303',
      ),
      fc.lorem({ maxCount: 12 }),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.stringMatching(/^(a{1,300}|[0-9a-f]{1,300}|={1,300}| {1,300})$/),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join('').toWellFormed());

const anyDocument = fc
  .tuple(anyText, fc.array(fc.nat()), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 6 }))))
  .map(([text, cuts, marks]): ParsedDocument => {
    const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
    const pages = [0, ...places].map((start, i, all): PageSpan => ({
      page: i + 1,
      start,
      end: all[i + 1] ?? text.length,
    }));
    const headings = marks
      .map(([at, level], i): Heading => ({ level, title: `heading ${i}`, start: at % (text.length + 1) }))
      .sort((a, b) => a.start - b.start);
    return { text, pages, headings };
  });

const anyChunking = fc.record<Chunking>({
  strategy: fc.constantFrom(...STRATEGIES),
  size: fc.integer({ min: 16, max: 200 }),
  overlap: fc.integer({ min: 0, max: 60 }),
});

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

describe('chunk', () => {
  it('gives spans of the text that leave nothing out, in order and within their size', () => {
    fc.assert(
      fc.property(anyDocument, anyChunking, (document, chunking) => {
        const { text } = document;
        const ruler = new TokenRuler(text);
        const covered = new Uint8Array(text.length);
        let before = { start: -1, end: 0 };
        for (const { start, end, tokens } of chunk(document, chunking)) {
          expect(start).toBeGreaterThan(before.start);
          expect(end).toBeGreaterThan(before.end);
          expect(text.slice(start, end)).toMatch(/\S/);
          expect(tokens).toBe(ruler.count(start, end));
          expect(tokens).toBeLessThanOrEqual(chunking.size);
          if (start < before.end) expect(ruler.count(start, before.end)).toBeLessThanOrEqual(chunking.overlap);
          covered.fill(1, start, end);
          before = { start, end };
        }
        const left = [...text].reduce((at, point) => {
          if (/\S/.test(point)) expect(covered[at]).toBe(1);
          return at + point.length;
        }, 0);
        expect(left).toBe(text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('cuts no grapheme that fits', () => {
    fc.assert(
      fc.property(anyDocument, anyChunking, (document, chunking) => {
        const { text } = document;
        if (chunking.strategy === 'heading') document.headings = []; // they may stand anywhere here
        const ruler = new TokenRuler(text);
        const inside = new Set<number>();
        for (const { index, segment } of graphemes.segment(text)) {
          if (ruler.count(index, index + segment.length) > chunking.size) continue;
          for (let at = index + 1; at < index + segment.length; at++) inside.add(at);
        }
        for (const { start, end } of chunk(document, chunking)) {
          expect(inside.has(start)).toBe(false);
          expect(inside.has(end)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('knows page and headings of each chunk', () => {
    fc.assert(
      fc.property(anyDocument, anyChunking, (document, chunking) => {
        for (const { start, page, headingPath } of chunk(document, chunking)) {
          expect(page).toBe(document.pages.findLast((one) => one.start <= start)?.page ?? null);
          const above = document.headings.filter((one) => one.start <= start);
          const path = above.filter((one, i) => above.slice(i + 1).every(({ level }) => level > one.level));
          expect(headingPath).toEqual(path.map(({ title }) => title));
        }
      }),
    );
  });

  it('gives the same chunks each time', () => {
    fc.assert(
      fc.property(anyDocument, anyChunking, (document, chunking) => {
        expect([...chunk(document, chunking)]).toEqual([...chunk(document, chunking)]);
      }),
      { numRuns: 500 },
    );
  });

  it('is not led astray by the chunks of another document', () => {
    const text = 'Alpha beta. Gamma delta epsilon. Zeta eta theta iota kappa. '.repeat(20);
    const [first, ...again] = [1, 2, 3].map(() => pieces(text, { strategy: 'recursive', size: 24, overlap: 10 }));
    for (const other of again) expect(other).toEqual(first);
  });

  it('takes a line end for a blank also where a heading cuts it', () => {
    const document = { text: '\r\n', pages: [], headings: [{ level: 1, title: 'x', start: 1 }] };
    expect([...chunk(document, { strategy: 'heading', size: 16, overlap: 0 })]).toEqual([]);
  });

  it('keeps to its size when a grapheme is larger', () => {
    const text = `a${'\u0301'.repeat(500)}👩‍👩‍👧‍👦b`;
    for (const strategy of STRATEGIES) {
      for (const { start, end, tokens } of chunk(plain(text), { strategy, size: 16, overlap: 4 })) {
        expect(tokens).toBeLessThanOrEqual(16);
        expect(text.slice(start, end).isWellFormed()).toBe(true);
      }
    }
  });

  it('ends at paragraphs, else lines, else sentences, else words', () => {
    const size = { strategy: 'recursive', size: 16, overlap: 0 } as const;
    const long = 'eleven twelve thirteen fourteen fifteen sixteen';
    expect(pieces(`One two three four five six seven eight nine.\n\nTen.\n${long}`, size)).toEqual([
      'One two three four five six seven eight nine.',
      `Ten.\n${long}`,
    ]);
    expect(pieces(`One two three. Four five six seven eight. Nine ten ${long}`, size)).toEqual([
      'One two three. Four five six seven eight.',
      `Nine ten ${long}`,
    ]);
    expect(pieces('alpha beta gamma '.repeat(8), size)[0]).toMatch(/^(alpha beta gamma ?)+( alpha)?( beta)?$/);
  });

  it('packs whole sentences, and repeats whole ones', () => {
    const text =
      'Dr. Who came at 5 p.m. to\nsee it. It was late. Nobody was there! So he left again. The end was near.';
    expect(pieces(text, { strategy: 'sentence', size: 16, overlap: 6 })).toEqual([
      'Dr. Who came at 5 p.m. to\nsee it.',
      'It was late. Nobody was there! So he left again.',
      'So he left again. The end was near.',
    ]);
  });

  it('makes a chunk of each section, and keeps a bare heading with the next', () => {
    const text = 'Intro\n# Manual\n## Setup\nInstall it.\n## Use\nRun it.';
    const headings = [
      { level: 1, title: 'Manual', start: 6 },
      { level: 2, title: 'Setup', start: 15 },
      { level: 2, title: 'Use', start: 36 },
    ];
    const chunks = [...chunk({ text, pages: [], headings }, { strategy: 'heading', size: 100, overlap: 10 })];
    expect(chunks.map(({ start, end, headingPath }) => [text.slice(start, end), headingPath])).toEqual([
      ['Intro', []],
      ['# Manual\n## Setup\nInstall it.', ['Manual']],
      ['## Use\nRun it.', ['Manual', 'Use']],
    ]);
  });

  it('takes windows of tokens as they come', () => {
    const chunks = [...chunk(plain('one two three four five six seven'), { strategy: 'tokens', size: 3, overlap: 1 })];
    expect(chunks.map(({ start, end, tokens }) => [start, end, tokens])).toEqual([
      [0, 13, 3],
      [8, 23, 3],
      [19, 33, 3],
    ]);
  });

  it('has nothing to say of blanks', () => {
    for (const strategy of STRATEGIES) {
      expect(pieces('', { strategy, size: 16, overlap: 0 })).toEqual([]);
      expect(pieces(' \n\t\u00a0\r\n ', { strategy, size: 16, overlap: 8 })).toEqual([]);
    }
  });
});
