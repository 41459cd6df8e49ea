import { sliceAt, tokenEnds } from '../../calls/vocabulary.codec';

/** Measured ends kept behind before they are dropped. */
const KEPT = 65_536;

/**
 * Measures a text in tokens of o200k, the vocabulary of OpenAI's models since GPT-4o, from its beginning on and no further
 * than it is asked. The text is read in pieces of at most 2,048 characters, runs without a blank in pieces of 128, so that
 * any text takes time in proportion to its length.
 */
export class TokenRuler {
  /** Where the tokens end that were read and not dropped, ascending. */
  private ends: number[] = [];
  private read = 0;

  constructor(private readonly text: string) {}

  /** The end of the last of the `tokens` tokens that begin at or hold `from`; that of the text when it has fewer. */
  reach(from: number, tokens: number): number {
    if (tokens === 0) return from;
    let last = this.after(from) + tokens - 1;
    while (last >= this.ends.length && this.read < this.text.length) {
      this.readOn();
      last = this.after(from) + tokens - 1;
    }
    return this.ends[last] ?? this.text.length;
  }

  /** The begin of the first of the last `tokens` tokens before `to`. What was read before it may be dropped. */
  back(to: number, tokens: number): number {
    const first = this.after(to - 1) - tokens + 1;
    return this.ends[first - 1] ?? 0;
  }

  /** Tokens that a span has a part in. */
  count(start: number, end: number): number {
    this.reach(end - 1, 1);
    return this.after(end - 1) - this.after(start) + 1;
  }

  /** Nothing before it is asked for any more. */
  drop(before: number): void {
    const unneeded = this.after(before);
    if (unneeded > KEPT) this.ends = this.ends.slice(unneeded - 1);
  }

  /** The index of the token that holds the character at `at`. */
  private after(at: number): number {
    let [low, high] = [0, this.ends.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ends[middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private readOn(): void {
    const slice = sliceAt(this.text, this.read);
    for (const end of tokenEnds('o200k', slice)) this.ends.push(this.read + end);
    this.read += slice.length;
  }
}
