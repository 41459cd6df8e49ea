import type { countTokens, setMergeCacheSize } from 'gpt-tokenizer/encoding/o200k_base';

/** OpenAI's vocabularies: of models since GPT-4o, and of those before. */
export type Encoding = 'o200k' | 'cl100k';

/** Read exactly, so that no text holds the event loop for longer than about a tenth of a second; the rest is judged by its bytes. */
const MOST_BYTES = 128 * 1024;
const MOST_TOKENS = 24_000;
/** Words cost little: of text without longer runs twice as much is read. */
const LONG_RUN = /\S{25}|\s{25}/;
const OF_WORDS = 0.5;
/** Read in one go, in UTF-16 code units. */
const SLICE = 2048;
/** Merging takes the square of the length of a run without a break; nothing is lost by cutting longer ones. */
const RUN = /\S{128}(?=\S)|\s{128}(?=\s)/u;
const LAST_BREAK = /\s\S*$/u;
/** Words remembered, of at most 128 characters each. */
const REMEMBERED = 10_000;
/** Text holds no control tokens, whatever it says. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };
const TYPICAL_BYTES_PER_TOKEN = 4;

/** Counts the tokens of a prompt's texts, one after the other. */
export class TextCounter {
  /** Of what was read exactly. */
  private tokens = 0;
  private bytes = 0;
  /** Bytes of it that another vocabulary may well take for a token each. */
  private odd = 0;
  /** Bytes of what was not read. */
  private rest = 0;
  /** Of what may be read, from 0 to 1. */
  private spent = 0;
  private readonly count: typeof countTokens;

  constructor(encoding: Encoding) {
    this.count = load(encoding);
  }

  add(text: string): void {
    let from = 0;
    while (from < text.length && this.spent < 1) {
      const to = from + SLICE;
      const piece = text.slice(from, from + endOf(text.slice(from, to), to >= text.length));
      from += piece.length;
      const [tokens, bytes] = [this.count(piece, AS_TEXT), Buffer.byteLength(piece)];
      this.tokens += tokens;
      this.bytes += bytes;
      this.odd += oddBytes(piece);
      this.spent += Math.max(bytes / MOST_BYTES, tokens / MOST_TOKENS) * (LONG_RUN.test(piece) ? 1 : OF_WORDS);
    }
    this.rest += Buffer.byteLength(text.slice(from));
  }

  /** The count in this vocabulary; of what was not read, at the rate of what was. */
  get estimate(): number {
    const bytesPerToken = this.tokens > 0 ? this.bytes / this.tokens : TYPICAL_BYTES_PER_TOKEN;
    return this.tokens + Math.ceil(this.rest / bytesPerToken);
  }

  /** At most so many in this vocabulary: a token is a byte or more. */
  get most(): number {
    return this.tokens + this.rest;
  }

  /**
   * At most so many in any vocabulary of bytes: a token each for the odd ones, and of the others not more than twice as many as here
   * (vocabularies of today stay below 1.6).
   */
  get mostElsewhere(): number {
    return Math.min(this.bytes, 2 * this.tokens + this.odd) + this.rest;
  }
}

/** Where to cut: a slice that is not the last ends before its last blank, a long run wherever it is too long. */
function endOf(slice: string, last: boolean): number {
  const run = RUN.exec(slice);
  if (run) return run.index + run[0].length;
  return last ? slice.length : slice.search(LAST_BREAK) || slice.length;
}

/** Beyond ASCII, digits, and repeated characters, which some vocabularies have long tokens for and others none. */
function oddBytes(text: string): number {
  let odd = 0;
  for (let at = 0, before = -1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 127)
      odd += unit > 0x7ff ? 3 : 2; // a half of a surrogate pair is two of its four bytes
    else if (unit === before || (unit >= 48 && unit <= 57)) odd++;
    before = unit;
  }
  return odd;
}

const loaded = new Map<Encoding, typeof countTokens>();

/** A vocabulary takes 60 to 290 ms to load and tens of megabytes to keep: only where something is counted, and then once. */
function load(encoding: Encoding): typeof countTokens {
  let count = loaded.get(encoding);
  if (!count) {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import() would make every estimate a promise
    const tokenizer = require(`gpt-tokenizer/encoding/${encoding}_base`) as Tokenizer;
    tokenizer.setMergeCacheSize(REMEMBERED);
    count = tokenizer.countTokens;
    loaded.set(encoding, count);
  }
  return count;
}

interface Tokenizer {
  countTokens: typeof countTokens;
  setMergeCacheSize: typeof setMergeCacheSize;
}
