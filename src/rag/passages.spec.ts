import fc from 'fast-check';
import { assemble } from './passages';
import { type Passage } from './search.types';

const WORDS = Array.from({ length: 400 }, (_, i) => `word${(i * 7919) % 1009}`).join(' ');
let made = 0;
const chunk = (start: number, end: number, fields: Partial<Passage> = {}, text = WORDS): Passage => ({
  chunkId: `c${++made}`,
  documentId: 'd',
  collectionId: 'k',
  title: 't',
  url: null,
  text: text.slice(start, end),
  page: null,
  start,
  end,
  headingPath: [],
  score: 0.5,
  textScore: null,
  vectorScore: null,
  ...fields,
});
const spans = (passages: Passage[]) => passages.map(({ start, end }) => [start, end]);

describe('passages', () => {
  it('are slices of their text, apart from each other, and at most as many as wanted, whatever was found', () => {
    const found = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 1, max: 300 }), fc.constantFrom('d', 'e')),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(found, fc.integer({ min: 1, max: 8 }), (places, k) => {
        const passages = assemble(
          places.map(([start, length, documentId]) => chunk(start, start + length, { documentId })),
          k,
        );
        expect(passages.length).toBeLessThanOrEqual(k);
        for (const { text, start, end } of passages) expect(WORDS.slice(start, end)).toBe(text);
        for (const a of passages) {
          for (const b of passages) {
            if (a !== b && a.documentId === b.documentId) expect(a.end < b.start || b.end < a.start).toBe(true);
          }
        }
      }),
    );
  });

  it('of neighbours are one, which has the place and the scores of the better and begins where the first does', () => {
    const passages = assemble(
      [
        chunk(500, 600, { chunkId: 'best', page: 2, headingPath: ['B'], score: 0.9, textScore: 0.4 }),
        chunk(0, 50, { chunkId: 'other' }),
        chunk(420, 520, { page: 1, headingPath: ['A'], score: 0.2, textScore: 0.6, vectorScore: 0.1 }),
      ],
      5,
    );
    expect(passages).toMatchObject([
      {
        chunkId: 'best',
        start: 420,
        end: 600,
        page: 1,
        headingPath: ['A'],
        score: 0.9,
        textScore: 0.6,
        vectorScore: 0.1,
      },
      { chunkId: 'other' },
    ]);
  });

  it('are joined by what is found between them', () => {
    expect(spans(assemble([chunk(0, 100), chunk(200, 299), chunk(90, 210)], 2))).toEqual([
      [0, 100],
      [200, 299],
    ]);
    expect(spans(assemble([chunk(0, 100), chunk(200, 299), chunk(90, 210)], 3))).toEqual([[0, 299]]);
  });

  it('that say nearly the same are told once', () => {
    const twin = chunk(0, 400, { documentId: 'e', chunkId: 'twin' });
    const almost = { ...twin, chunkId: 'almost', text: twin.text.replace('word0 ', 'WORD0, ') };
    expect(assemble([chunk(0, 400, { chunkId: 'first' }), almost, chunk(600, 900)], 5)).toMatchObject([
      { chunkId: 'first' },
      { start: 600 },
    ]);
  });
});
