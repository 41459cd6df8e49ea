import { countIn, type Encoding, sliceAt } from './vocabulary.codec';

/** Read exactly, so that no text holds the event loop for longer than about a tenth of a second; the rest is judged by its bytes. */
const MOST_BYTES = 128 * 1024;
const MOST_TOKENS = 24_000;
/** Words cost little: of text without longer runs twice as much is read. */
const LONG_RUN = /\S{25}|\s{25}/;
const OF_WORDS = 0.5;
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

  constructor(private readonly encoding: Encoding) {}

  add(text: string): void {
    let from = 0;
    while (from < text.length && this.spent < 1) {
      const piece = sliceAt(text, from);
      from += piece.length;
      const [tokens, bytes] = [countIn(this.encoding, piece), Buffer.byteLength(piece)];
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
