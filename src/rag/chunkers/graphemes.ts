import { type Span } from '../parsed.types';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Latin, kana, ideographs and Hangul syllables: between two of them is always a boundary, but in CR LF. */
const PLAIN = /[\0-\u02ff\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]/;
/** What joins what stands before it, and some that don't. */
const JOINING = /[\p{M}\u200c\u200d\uff9e\uff9f\u{e0020}-\u{e007f}]|\p{Emoji_Modifier}/u;

/** Nobody writes longer ones, in UTF-16 code units; of one that is the rest counts as another. */
const LONGEST = 256;

/**
 * What a user takes for one character (UAX #29): the one that `at` stands within, or an empty span when it is between two.
 * @param from a boundary, not after `at`
 */
export function graphemeAround(text: string, from: number, at: number): Span {
  if (at <= from || at >= text.length || isPlainlyBetween(text, at)) return { start: at, end: at };
  const safe = lastSafe(text, from, at);
  const found = graphemes.segment(text.slice(safe, at + lengthAround(text, at))).containing(at - safe);
  if (!found || found.index + safe === at) return { start: at, end: at };
  const start = safe + found.index;
  return { start, end: start + found.segment.length };
}

/** Without looking any further. */
function isPlainlyBetween(text: string, at: number): boolean {
  const [left, right] = [text[at - 1] ?? '', String.fromCodePoint(text.codePointAt(at) ?? 0)];
  if (left === '\r' && right === '\n') return false;
  if (PLAIN.test(left) && PLAIN.test(right)) return true;
  return left === '\n' || (/\s/.test(left) && !JOINING.test(right));
}

/** The last boundary that is plain to see, so that no more is looked at than must be. */
function lastSafe(text: string, from: number, at: number): number {
  let safe = at - 1;
  while (safe > from && !isPlainlyBetween(text, safe)) safe--;
  return Math.max(safe, from);
}

/** How far the one there may go on: to the next plain boundary. */
function lengthAround(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && end - at < LONGEST && !isPlainlyBetween(text, end)) end++;
  return end - at;
}
