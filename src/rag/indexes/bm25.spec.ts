import fc from 'fast-check';
import { rank, type Statistics, type Term } from './bm25';

/** How often each lexeme stands in each chunk of each document. */
type Corpus = Record<string, number>[][];
const LEXEMES = ['a', 'b', 'c', 'd'];

const lengthOf = (chunk: Record<string, number>) => Object.values(chunk).reduce((sum, times) => sum + times, 0);

function postingsOf(corpus: Corpus, lexeme: string): Pick<Term, 'frequency' | 'postings'> {
  const blocks = corpus.flatMap((chunks, document) => {
    const entries = chunks.flatMap((chunk, ordinal) => {
      if (!chunk[lexeme]) return [];
      const entry = Buffer.alloc(8);
      entry.writeUInt32BE(ordinal);
      entry.writeUInt16BE(chunk[lexeme], 4);
      entry.writeUInt16BE(lengthOf(chunk), 6);
      return [entry];
    });
    if (entries.length === 0) return [];
    const header = Buffer.alloc(12);
    header.writeBigInt64BE(BigInt(document + 1));
    header.writeUInt32BE(entries.length, 8);
    return [{ bytes: Buffer.concat([header, ...entries]), count: entries.length }];
  });
  return {
    frequency: blocks.reduce((sum, { count }) => sum + count, 0),
    postings: blocks.length > 0 ? Buffer.concat(blocks.map(({ bytes }) => bytes)) : null,
  };
}

const statisticsOf = (corpus: Corpus): Statistics => ({
  chunks: corpus.flat().length,
  lexemes: corpus.flat().reduce((sum, chunk) => sum + lengthOf(chunk), 0),
});

/** The formula as it is printed, chunk by chunk. */
function plainly(corpus: Corpus, query: string[]): { key: string; score: number }[] {
  const { chunks: n, lexemes } = statisticsOf(corpus);
  const average = lexemes / n;
  const idf = (lexeme: string) => {
    const df = corpus.flat().filter((chunk) => chunk[lexeme]).length;
    return Math.log(1 + (n - df + 0.5) / (df + 0.5));
  };
  const most = query.reduce((sum, lexeme) => sum + idf(lexeme) * 2.2, 0);
  return corpus
    .flatMap((chunks, document) =>
      chunks.map((chunk, ordinal) => {
        const parts = query.map((lexeme) => {
          const tf = chunk[lexeme] ?? 0;
          return (idf(lexeme) * tf * 2.2) / (tf + 1.2 * (0.25 + (0.75 * lengthOf(chunk)) / average) || 1);
        });
        return { key: `${document + 1}/${ordinal}`, score: parts.reduce((sum, part) => sum + part, 0) / most };
      }),
    )
    .filter(({ score }) => score > 0);
}

const chunk = fc
  .record(Object.fromEntries(LEXEMES.map((lexeme) => [lexeme, fc.nat(5)])))
  .map((times): Record<string, number> => ({ ...times, filler: 1 }));
const corpora = fc.array(fc.array(chunk, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 });

describe('BM25 over postings', () => {
  it('is what the formula says for each chunk, whatever the corpus', () => {
    fc.assert(
      fc.property(corpora, fc.uniqueArray(fc.constantFrom(...LEXEMES, 'absent'), { minLength: 1 }), (corpus, query) => {
        const terms = query.map((lexeme) => ({ ...postingsOf(corpus, lexeme), demand: 'any' as const }));
        const hits = rank(terms, statisticsOf(corpus), 1_000);
        const told = new Map(hits.map(({ sourceId, ordinal, score }) => [`${sourceId}/${ordinal}`, score]));
        const expected = plainly(corpus, query);
        expect(told.size).toBe(expected.length);
        for (const { key, score } of expected) expect(told.get(key)).toBeCloseTo(score, 9);
        for (const { score } of hits) expect(score).toBeLessThanOrEqual(1);
        expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => b - a));
      }),
    );
  });

  it('tells the best when there are more than are wanted', () => {
    fc.assert(
      fc.property(corpora, fc.integer({ min: 1, max: 5 }), (corpus, most) => {
        const terms = ['a', 'b'].map((lexeme) => ({ ...postingsOf(corpus, lexeme), demand: 'any' as const }));
        const all = rank(terms, statisticsOf(corpus), 1_000);
        expect(rank(terms, statisticsOf(corpus), most)).toEqual(all.slice(0, most));
      }),
    );
  });

  it('keeps to what is required and excluded', () => {
    fc.assert(
      fc.property(corpora, (corpus) => {
        const terms = (['any', 'required', 'excluded'] as const).map((demand, i) => ({
          ...postingsOf(corpus, LEXEMES[i] ?? ''),
          demand,
        }));
        const told = rank(terms, statisticsOf(corpus), 1_000).map((hit) => `${hit.sourceId}/${hit.ordinal}`);
        const expected = corpus.flatMap((chunks, document) =>
          chunks.flatMap((one, ordinal) => (one['b'] && !one['c'] ? [`${document + 1}/${ordinal}`] : [])),
        );
        expect(told.sort()).toEqual(expected.sort());
      }),
    );
  });
});
