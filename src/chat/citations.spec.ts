import fc from 'fast-check';
import { type Passage } from '../rag/search.types';
import { type ChatEvent } from './chat.types';
import { Citer, type Source } from './citations';

const DOCUMENT =
  'Chapter one. Employees have 28 days of paid leave. It must be taken by March.\fChapter two. Travel is paid second class. Hotels cost at most 120 EUR.';
const PAGES = [
  { page: 1, start: 0, end: DOCUMENT.indexOf('\f') },
  { page: 2, start: DOCUMENT.indexOf('\f') + 1, end: DOCUMENT.length },
];
const source = (number: number, start: number, end: number): Source => {
  const passage: Passage = {
    chunkId: `chunk-${number}`,
    documentId: 'document',
    collectionId: 'collection',
    title: 'Handbook',
    url: null,
    text: DOCUMENT.slice(start, end),
    page: 1,
    start,
    end,
    headingPath: [],
    score: 1,
    textScore: null,
    vectorScore: null,
  };
  return { number, passage, pages: PAGES };
};
const SOURCES = [source(1, 0, DOCUMENT.length), source(2, 13, 51)];

const cited = (deltas: readonly string[]) => {
  const citer = new Citer(SOURCES);
  const events = deltas.flatMap((delta) => citer.hear({ type: 'text', delta }));
  return [...events, ...citer.rest()];
};
const textOf = (events: readonly ChatEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
const citationsOf = (events: readonly ChatEvent[]) =>
  events.flatMap((event) => (event.type === 'citation' ? [event.citation] : []));

describe('citations', () => {
  it('are told directly after their marker, once, and of the whole passage where nothing is quoted', () => {
    const events = cited(['Leave is 28 da', 'ys [', '2', ']. And ag', 'ain [2].']);
    expect(events.map(({ type }) => type)).toEqual(['text', 'text', 'text', 'citation', 'text', 'text']);
    expect(textOf(events.slice(0, 3))).toBe('Leave is 28 days [2]');
    expect(citationsOf(events)).toEqual([
      {
        number: 2,
        chunk_id: 'chunk-2',
        document_id: 'document',
        title: 'Handbook',
        page: 1,
        start: 13,
        end: 51,
        quote: DOCUMENT.slice(13, 51),
        url: null,
      },
    ]);
  });

  it('are narrowed to what was quoted before the marker, and to its page', () => {
    const [first, second] = citationsOf(
      cited(['"Hotels cost at most 120 EUR" [1], and “Employees have 28 days of paid leave.” [1][2]']),
    );
    expect(first).toMatchObject({ number: 1, page: 2, quote: 'Hotels cost at most 120 EUR' });
    expect(second).toMatchObject({ number: 1, page: 1, quote: 'Employees have 28 days of paid leave.' });
  });

  it('quote the document word for word, whatever the model writes and however it comes', () => {
    const scrap = fc.oneof(
      fc.constantFrom('[1]', ' [2]', '[1, 2]', '[7]', '"', '“', '”', '\n\n', 'Hotels cost', 'at most 121 EUR', ' '),
      fc.tuple(fc.nat(DOCUMENT.length), fc.nat(60)).map(([at, length]) => `"${DOCUMENT.slice(at, at + length)}"`),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (scraps, size) => {
        const text = scraps.join('');
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        const events = cited(pieces);
        const citations = citationsOf(events);
        for (const { start, end, quote, page } of citations) {
          expect(DOCUMENT.slice(start, end)).toBe(quote);
          expect(quote).not.toBe('');
          expect(page).toBe(start > DOCUMENT.indexOf('\f') ? 2 : 1);
        }
        const keys = citations.map(({ number, start, end }) => `${number} ${start} ${end}`);
        expect(new Set(keys).size).toBe(keys.length);
        const once = cited([text]);
        expect(textOf(events)).toBe(textOf(once));
        expect(citations).toEqual(citationsOf(once));
      }),
      { numRuns: 1_000 },
    );
  });

  it('are none of the references that a document has itself, when they are quoted', () => {
    const text = 'Attention was shown by Vaswani [2] to suffice, and confirmed later [14].';
    const paper: Source = { ...source(1, 0, 0), passage: { ...source(1, 0, 0).passage, text, end: text.length } };
    for (const size of [1, 3, 500]) {
      const citer = new Citer([paper, source(2, 0, 40)]);
      const said = 'They say: "by Vaswani [2] to suffice, and confirmed later [14]." [1] Leave is long [2].';
      const pieces = Array.from({ length: Math.ceil(said.length / size) }, (_, i) =>
        said.slice(i * size, (i + 1) * size),
      );
      const events = [...pieces.flatMap((delta) => citer.hear({ type: 'text', delta })), ...citer.rest()];
      expect(textOf(events)).toBe(said);
      expect(citationsOf(events).map(({ number }) => number)).toEqual([1, 2]);
      expect(citationsOf(events)[0]?.quote).toBe('by Vaswani [2] to suffice, and confirmed later [14].');
    }
  });

  it('keep what the provider sent with the words', () => {
    const citer = new Citer(SOURCES);
    const events = ['See [', '9', '] so'].flatMap((delta, logprobs) => citer.hear({ type: 'text', delta, logprobs }));
    expect(events).toEqual([
      { type: 'text', delta: 'See', logprobs: 0 },
      { type: 'text', delta: '', logprobs: 1 },
      { type: 'text', delta: ' so', logprobs: 2 },
    ]);
  });

  it('of several answers are each found in its own', () => {
    const citer = new Citer(SOURCES);
    const heard = [
      ['A [', 0],
      ['B [', 1],
      ['1]', 0],
      ['9]', 1],
    ] as const;
    const events = heard.flatMap(([delta, choice]) => citer.hear({ type: 'text', delta, choice }));
    const said = (choice: number) =>
      textOf([...events, ...rest].filter((one) => 'choice' in one && one.choice === choice));
    const rest = citer.rest();
    expect([said(0), said(1)]).toEqual(['A [1]', 'B']);
    expect(citationsOf([...events, ...rest])).toMatchObject([{ number: 1 }]);
  });
});
