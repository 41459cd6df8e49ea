import { hasPhrase, plainQuery, toTextQuery } from './query-syntax';

describe('a question', () => {
  it('is words, whatever marks they have', () => {
    const none = { phrases: [], excluded: [], excludedPhrases: [] };
    for (const asked of ['What does bzip2 -k do?', 'what does "escrow account" mean', '-"not this"', ''])
      expect(plainQuery(asked)).toEqual({ words: asked, ...none });
    expect(plainQuery('word '.repeat(1_000)).words.split(' ')).toHaveLength(100);
  });
});

describe('a query', () => {
  it.each([
    ['how to restore', { words: 'how to restore', phrases: [], excluded: [] }],
    ['"out of memory" error', { words: 'out of memory error', phrases: ['out of memory'], excluded: [] }],
    ['restore -snapshot', { words: 'restore', phrases: [], excluded: ['snapshot'] }],
    ['restore -"cold start" now', { words: 'restore now', phrases: [], excluded: [], excludedPhrases: ['cold start'] }],
    ['mail -re-sent', { words: 'mail', phrases: [], excluded: [], excludedPhrases: ['re-sent'] }],
    ['well-known -- a - b', { words: 'well-known a b', phrases: [], excluded: [] }],
    ['say "never closed', { words: 'say "never closed', phrases: [], excluded: [] }],
    [
      '“curly quotes” «gänsefüßchen» „unten oben“',
      {
        words: 'curly quotes gänsefüßchen unten oben',
        phrases: ['curly quotes', 'gänsefüßchen', 'unten oben'],
        excluded: [],
      },
    ],
    ['""  "!?" -', { words: '', phrases: [], excluded: [] }],
    ['日本語 -日本', { words: '日本語', phrases: [], excluded: ['日本'] }],
  ])('%s is read', (query, told) => {
    expect(toTextQuery(query)).toEqual({ excludedPhrases: [], ...told });
  });

  it('has no more words than are looked for', () => {
    expect(toTextQuery('word '.repeat(5_000)).words.split(' ')).toHaveLength(100);
    expect(toTextQuery(`"${'word '.repeat(5_000)}"`).words.split(' ')).toHaveLength(100);
  });
});

describe('a phrase', () => {
  it.each([
    ['out of memory', 'It ran OUT OF\nmemory.', true],
    ['out of memory', 'memory ran out', false],
    ['red door', 'a red, (door)', true],
    ['red door', 'a red doorway', false],
    ['red door', 'a tired door', false],
    ['über', 'Über alles', true],
    ['ber', 'Über alles', false],
    ['a.b*', 'a b', true],
  ])('%s in %s: %s', (phrase, text, is) => expect(hasPhrase(['title', text], phrase)).toBe(is));
});
