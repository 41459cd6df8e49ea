import type { countTokens, encode, setMergeCacheSize } from 'gpt-tokenizer/encoding/o200k_base';

/** OpenAI's vocabularies: of models since GPT-4o, and of those before and all its embedding models. */
export type Encoding = 'o200k' | 'cl100k';

/** Read in one go, in UTF-16 code units. */
const SLICE = 2048;
/** Merging takes the square of the length of a run without a break; little is lost by cutting longer ones. */
const RUN = /\S{128}(?=\S)|\s{128}(?=\s)/u;
const LAST_BREAK = /\s\S*$/u;
/** Words remembered, of at most 128 characters each. The tokenizer slows down with the number of them: 10,000 took ten times as long for odd text. */
const REMEMBERED = 1_000;
/** Text holds no control tokens, whatever it says. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

/** The next piece of `text` to be read in one go: it ends before a blank, in a long run wherever it is too long. */
export function sliceAt(text: string, from: number): string {
  const slice = text.slice(from, from + SLICE);
  const run = RUN.exec(slice);
  if (run) return slice.slice(0, run.index + run[0].length);
  return from + SLICE >= text.length ? slice : slice.slice(0, slice.search(LAST_BREAK) || SLICE);
}

/** @param slice as `sliceAt` gives them: time grows with the square of a run */
export const countIn = (encoding: Encoding, slice: string): number => load(encoding).countTokens(slice, AS_TEXT);

/**
 * Where the tokens of `slice` end, in UTF-16 code units. One that ends within a character ends behind it.
 * @param slice as `sliceAt` gives them
 */
export function tokenEnds(encoding: Encoding, slice: string): number[] {
  const ranks = ranksOf(encoding);
  const ends: number[] = [];
  let at = 0;
  /** Bytes already read of the character there. */
  let owed = 0;
  for (const token of load(encoding).encode(slice, AS_TEXT)) {
    const bytes = ranks[token] ?? '';
    if (typeof bytes === 'string') at += bytes.length;
    else {
      owed += bytes.length;
      for (let size = sizeAt(slice, at); owed >= size; size = sizeAt(slice, at)) {
        owed -= size;
        at += size === 4 ? 2 : 1;
      }
    }
    ends.push(owed > 0 ? at + (sizeAt(slice, at) === 4 ? 2 : 1) : at);
  }
  return ends;
}

/** UTF-8 bytes of the character at `at`; a half of a pair that stands alone is three, as U+FFFD. Infinity behind the end. */
function sizeAt(text: string, at: number): number {
  const point = text.codePointAt(at);
  if (point === undefined) return Infinity;
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

interface Tokenizer {
  countTokens: typeof countTokens;
  encode: typeof encode;
  setMergeCacheSize: typeof setMergeCacheSize;
}
/** By token: its text, or its bytes where they are no text by themselves. */
type Ranks = readonly (string | readonly number[])[];

const loaded = new Map<Encoding, Tokenizer>();

/** A vocabulary takes 60 to 290 ms to load and tens of megabytes to keep: only where something is counted, and then once. */
function load(encoding: Encoding): Tokenizer {
  let tokenizer = loaded.get(encoding);
  if (!tokenizer) {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import() would make every estimate a promise
    tokenizer = require(`gpt-tokenizer/encoding/${encoding}_base`) as Tokenizer;
    tokenizer.setMergeCacheSize(REMEMBERED);
    loaded.set(encoding, tokenizer);
  }
  return tokenizer;
}

/** The list that the tokenizer of this encoding has loaded too. */
function ranksOf(encoding: Encoding): Ranks {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- as above; Node keeps what was loaded
  return (require(`gpt-tokenizer/bpeRanks/${encoding}_base`) as { default: Ranks }).default;
}
