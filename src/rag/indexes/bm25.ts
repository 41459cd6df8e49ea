/** S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009; the usual values. */
const [K1, B] = [1.2, 0.75];

/** Bytes of one posting: ordinal of the chunk, frequency in it, lexemes of the chunk; unsigned, big-endian. */
const POSTING = 8;
/** Before the postings of a document: its id, and how many they are. */
const HEADER = 12;

/** One lexeme of a query in what is searched. */
export interface Term {
  /** In how many chunks it is. */
  frequency: number;
  /** Its postings by document: `id int8, count int4`, then as many postings. Null when they were too many to be read. */
  postings: Buffer | null;
  /** What is asked of chunks besides: that it be in them, that it not be. */
  demand: 'any' | 'required' | 'excluded';
}

/** What is searched as a whole: texts of one language in one index. */
export interface Statistics {
  chunks: number;
  lexemes: number;
}

export interface TextHit {
  sourceId: number;
  ordinal: number;
  /** 0 to 1: the share of the most that the query could get. */
  score: number;
}

/** Inverse document frequency; always positive, as in Lucene. */
export const rarity = (frequency: number, chunks: number) =>
  Math.log(1 + (chunks - frequency + 0.5) / (frequency + 0.5));

/** Chunks of the documents that any term is in, in one array each: which chunk has which place is told by its document. */
class Board {
  readonly scores: Float64Array;
  readonly met: Int32Array;
  readonly barred: Uint8Array;
  private readonly places = new Map<number, { first: number; chunks: number }>();

  constructor(terms: readonly Term[]) {
    const chunks = new Map<number, number>();
    for (const { postings } of terms) {
      eachBlock(postings, (source, from, to) => {
        const last = postings?.readUInt32BE(to - POSTING) ?? 0;
        chunks.set(source, Math.max(chunks.get(source) ?? 0, last + 1));
      });
    }
    let first = 0;
    for (const [source, count] of chunks) {
      this.places.set(source, { first, chunks: count });
      first += count;
    }
    this.scores = new Float64Array(first);
    this.met = new Int32Array(first);
    this.barred = new Uint8Array(first);
  }

  firstOf = (source: number): number => this.places.get(source)?.first ?? 0;

  /** Of the chunks that the demands allow the `most` best, in no order; all that are as good as the last of them. */
  hits(required: number, most: number): TextHit[] {
    const allowed = this.scores.map((score, place) =>
      this.met[place] === required && !this.barred[place] ? score : 0,
    );
    const least = Math.max(allowed.toSorted().at(-most) ?? 0, Number.MIN_VALUE);
    const hits: TextHit[] = [];
    for (const [sourceId, { first, chunks }] of this.places) {
      for (let ordinal = 0; ordinal < chunks; ordinal++) {
        const score = allowed[first + ordinal] ?? 0;
        if (score >= least) hits.push({ sourceId, ordinal, score });
      }
    }
    return hits;
  }
}

/** The `most` best of the chunks that any of the terms is in and the demands allow, best first. Exact: postings are read whole, term by term. */
export function rank(terms: readonly Term[], { chunks, lexemes }: Statistics, most: number): TextHit[] {
  const board = new Board(terms);
  const usual = Math.max(lexemes / Math.max(chunks, 1), 1);
  let greatest = 0;
  let required = 0;
  for (const { frequency, postings, demand } of terms) {
    if (demand === 'required') required++;
    const weight = demand === 'excluded' ? 0 : rarity(frequency, chunks) * (K1 + 1);
    greatest += weight;
    eachBlock(postings, (source, from, to) => {
      const first = board.firstOf(source);
      for (let at = from; postings && at < to; at += POSTING) {
        const place = first + postings.readUInt32BE(at);
        const times = postings.readUInt16BE(at + 4);
        const length = postings.readUInt16BE(at + 6) / usual;
        board.scores[place] = (board.scores[place] ?? 0) + (weight * times) / (times + K1 * (1 - B + B * length));
        if (demand === 'required') board.met[place] = (board.met[place] ?? 0) + 1;
        if (demand === 'excluded') board.barred[place] = 1;
      }
    });
  }
  return board
    .hits(required, most)
    .map((hit) => ({ ...hit, score: hit.score / greatest }))
    .sort((a, b) => b.score - a.score || a.sourceId - b.sourceId || a.ordinal - b.ordinal)
    .slice(0, most);
}

function eachBlock(postings: Buffer | null, told: (source: number, from: number, to: number) => void): void {
  for (let at = 0; postings && at < postings.length;) {
    const from = at + HEADER;
    const to = from + postings.readUInt32BE(at + 8) * POSTING;
    told(Number(postings.readBigInt64BE(at)), from, to);
    at = to;
  }
}
