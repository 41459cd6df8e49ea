import { CodeSpans } from './code-spans';

/** Text that may leave; of a marker, the numbers it cites. */
export interface Piece {
  text: string;
  cites?: readonly number[];
}

const MARKER = /^\[ *\d{1,3}(?: *[,;] *\d{1,3})* *\]$/;
const UNFINISHED = /^\[(?: *\d{1,3} *[,;])* *(?:\d{1,3} *)?$/;
/** Nobody cites so much at once. In UTF-16 code units. */
const LONGEST = 32;
const ATTACHING = /[\w$)\]]/;
const QUOTATION_MARKS = '"“”„«»';
/** Of a quotation, in UTF-16 code units: fewer say nothing, more are none. */
const FEWEST_QUOTED = 8;
const MOST_QUOTED = 1_000;

/**
 * Finds `[n]` and `[n, m]` in text that comes in pieces, and takes out the numbers nobody was given. Nothing is held back
 * but a bracket that may become one, with the character after it, and one blank before it.
 *
 * No markers are: what stands in code, `[1](address)`, `![1]`, `\[1]`, `[1]:` at the beginning of a line. `a[7]`, written
 * without a blank, may be the seventh of a list: it is a marker only when all its numbers were given. Nor is a bracket
 * that is quoted with the words before it: documents have references of their own.
 */
export class Markers {
  private readonly code = new CodeSpans();
  /** A blank, and what may become a marker after it. */
  private blank = '';
  private held = '';
  /** The last unit that left; empty at the beginning. */
  private last = '';
  /** What follows the last quotation mark; null before there is one. */
  private quoted: string | null = null;
  /** Set directly after a marker: whether it was written without a blank. */
  private chained: boolean | null = null;
  private out: Piece[] = [];

  /**
   * @param given whether a number is one of the sources'
   * @param stands whether these words stand in a source
   */
  constructor(
    private readonly given: (number: number) => boolean,
    private readonly stands: (words: string) => boolean = () => false,
  ) {}

  push(delta: string): Piece[] {
    for (let at = 0; at < delta.length; at++) this.take(delta.charAt(at));
    return this.taken();
  }

  /** What was held back, when nothing more comes, or something other than text. */
  end(): Piece[] {
    if (this.held.endsWith(']')) this.decide('');
    this.release();
    return this.taken();
  }

  private take(unit: string): void {
    const isCode = this.code.takes(unit);
    if (this.held.endsWith(']')) this.decide(unit);
    else if (this.held && !isCode) {
      const longer = this.held + unit;
      if (longer.length <= LONGEST && (unit === ']' ? MARKER : UNFINISHED).test(longer)) {
        this.held = longer;
        return;
      }
    }
    if (this.held) this.release();
    if (unit === '[' && !isCode) {
      this.held = unit;
    } else {
      this.release();
      if (unit === ' ' && !isCode) this.blank = unit;
      else this.leave(unit);
    }
  }

  /** @param next what follows the bracket; empty at the end */
  private decide(next: string): void {
    const { blank, held } = this;
    const before = blank || this.last;
    const defines = next === ':' && (this.last === '' || this.last === '\n');
    const attached = blank === '' && (this.chained ?? ATTACHING.test(before));
    const numbers = (held.match(/\d+/g) ?? []).map(Number);
    const cites = [...new Set(numbers.filter(this.given))];
    const complete = numbers.every(this.given);
    const isLink = next === '(' || before === '!' || before === '\\';
    if (isLink || defines || (attached && !complete) || this.isQuoted(blank + held)) {
      this.release();
      return;
    }
    this.held = '';
    this.chained = attached;
    if (cites.length > 0) {
      this.blank = '';
      this.last = ']';
      this.out.push({ text: blank + (complete ? held : `[${cites.join(', ')}]`), cites });
    } else if (next !== '[') {
      this.blank = ''; // belonged to what is gone
    }
  }

  private isQuoted(bracket: string): boolean {
    const { quoted } = this;
    return quoted !== null && quoted.trim().length >= FEWEST_QUOTED && this.stands((quoted + bracket).trimStart());
  }

  private release(): void {
    for (const unit of this.blank + this.held) this.leave(unit);
    this.blank = '';
    this.held = '';
  }

  private leave(unit: string): void {
    this.chained = null;
    this.last = unit;
    if (QUOTATION_MARKS.includes(unit)) this.quoted = '';
    else if (this.quoted !== null) this.quoted = this.quoted.length < MOST_QUOTED ? this.quoted + unit : null;
    const open = this.out.at(-1);
    if (open && !open.cites) open.text += unit;
    else this.out.push({ text: unit });
  }

  private taken(): Piece[] {
    const taken = this.out;
    this.out = [];
    return taken;
  }
}
