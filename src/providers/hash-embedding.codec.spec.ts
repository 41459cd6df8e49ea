import fc from 'fast-check';
import { hashEmbedding, wordsOf } from './hash-embedding.codec';

const likeness = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const alike = (a: string, b: string) => likeness(hashEmbedding(a), hashEmbedding(b));

describe('hashEmbedding', () => {
  it('gives every text with a word a vector of length one, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const vector = hashEmbedding(text);
        expect(vector).toHaveLength(384);
        expect(vector).toEqual(hashEmbedding(text));
        const length = Math.hypot(...vector);
        if (wordsOf(text).length === 0) expect(length).toBe(0);
        else expect(length === 0 || Math.abs(length - 1) < 1e-5).toBe(true);
      }),
    );
  });

  it('is what it always was: stored vectors stay comparable', () => {
    const vector = hashEmbedding('Invoices are due within thirty days.');
    const largest = [...vector.keys()].sort((a, b) => Math.abs(vector[b] ?? 0) - Math.abs(vector[a] ?? 0)).slice(0, 4);
    expect(largest.map((at) => [at, Number(vector[at]?.toFixed(4))])).toMatchInlineSnapshot(`
     [
       [
         80,
         0.3323,
       ],
       [
         333,
         -0.3323,
       ],
       [
         349,
         0.3323,
       ],
       [
         27,
         0.2742,
       ],
     ]
    `);
  });

  it('takes no notice of case, accents and compatible forms', () => {
    expect(alike('CAFÉ ﬁne', 'cafe fine')).toBeCloseTo(1);
  });

  it('finds parts of words, and words rather than meaning', () => {
    expect(alike('indexing documents', 'document index')).toBeGreaterThan(0.25);
    expect(alike('the invoice is overdue', 'payment of the invoice')).toBeGreaterThan(
      alike('the invoice is overdue', 'a late bill'),
    );
    expect(alike('東京都の天気', '今日の東京の天気')).toBeGreaterThan(0.4);
  });

  it('lets a query weigh its words', () => {
    const [passage, other] = [hashEmbedding('rotation of keys'), hashEmbedding('the service of the company')];
    const query = hashEmbedding('rotation of the service', new Map([['rotation', 5]]));
    expect(likeness(query, passage)).toBeGreaterThan(likeness(query, other));
  });
});
