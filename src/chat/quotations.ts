import { type Span } from '../rag/parsed.types';

/** Shorter ones are words, not claims. In UTF-16 code units. */
const SHORTEST = 8;
const LONGEST = 1_000;
/** Share of a quotation that may differ from what it quotes. */
const TOLERANCE = 0.2;

const within = (open: string, close: string) => `${open}([^${open}${close}]{0,${LONGEST}})(?:[${close}]|$)`;
const QUOTED = new RegExp([within('"', '"'), within('“', '”'), within('„', '“”'), within('«', '»')].join('|'), 'g');

/** What stands between quotation marks, without them. The last may be open: a marker can stand inside. */
export const quotationsIn = (text: string): string[] =>
  [...text.matchAll(QUOTED)].map((match) => match.slice(1).join('').trim()).filter(({ length }) => length >= SHORTEST);

/** How much looking for quotations may cost: characters read, and pairs of them compared. */
export interface Effort {
  left: number;
}

/** A text in which quotations are found: as they are, else but for blanks, case and typography, else nearly so. */
export class Quotable {
  private plain: Plain | null = null;

  constructor(readonly text: string) {}

  /** Null when it doesn't say that. */
  find(quotation: string, effort: Effort): Span | null {
    effort.left -= this.text.length;
    if (effort.left < 0) return null;
    const exact = this.text.indexOf(quotation);
    if (exact !== -1) return { start: exact, end: exact + quotation.length };
    this.plain ??= plainOf(this.text);
    const sought = plainOf(quotation.replace(/[\s.,;:!?…]+$/u, '')).text.trim();
    if (sought.length < SHORTEST) return null;
    const at = this.plain.text.indexOf(sought);
    const found = at === -1 ? nearest(sought, this.plain.text, effort) : { start: at, end: at + sought.length };
    return found && this.spanOf(this.plain, found);
  }

  /** Back to the text itself, never through the middle of a character. */
  private spanOf({ at }: Plain, found: Span): Span {
    const start = at[found.start] ?? 0;
    const end = (at[found.end - 1] ?? this.text.length - 1) + 1;
    return {
      start: start > 0 && isLowSurrogate(this.text.charCodeAt(start)) ? start - 1 : start,
      end: isLowSurrogate(this.text.charCodeAt(end)) ? end + 1 : end,
    };
  }
}

const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/** A text in lower case with single blanks and plain typography, and where each of its units was. */
interface Plain {
  text: string;
  at: number[];
}

const TYPOGRAPHY: Record<string, string> = {
  '“': '"',
  '”': '"',
  '„': '"',
  '‘': "'",
  '’': "'",
  '–': '-',
  '—': '-',
  '‑': '-',
  '\u00AD': '',
  '\u200B': '',
};

function plainOf(text: string): Plain {
  const units: string[] = [];
  const at: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    if (unit === '-' && /^-\s*\n\s*\p{Ll}/u.test(text.slice(i, i + 8)) && /\p{L}/u.test(units.at(-1) ?? '')) {
      while (/\s/.test(text.charAt(i + 1))) i++; // a word hyphenated at the end of its line
      continue;
    }
    const lower = unit.toLowerCase();
    const plain = /\s/.test(unit) ? ' ' : (TYPOGRAPHY[unit] ?? (lower.length === 1 ? lower : unit));
    if (plain === '' || (plain === ' ' && units.at(-1) === ' ')) continue;
    units.push(plain);
    at.push(i);
  }
  return { text: units.join(''), at };
}

/**
 * The piece of `text` that differs least from `pattern` (Sellers 1980), if that is little; widened to whole words. Its
 * cost is the product of the two lengths.
 */
function nearest(pattern: string, text: string, effort: Effort): Span | null {
  const cost = pattern.length * text.length;
  if (cost > effort.left) return null;
  effort.left -= cost;
  const width = text.length + 1;
  let [above, starts] = [new Uint16Array(width), Uint32Array.from({ length: width }, (_, i) => i)];
  let [row, rowStarts] = [new Uint16Array(width), new Uint32Array(width)];
  for (let i = 1; i <= pattern.length; i++) {
    const unit = pattern.charCodeAt(i - 1);
    row[0] = i;
    rowStarts[0] = 0;
    for (let j = 1; j < width; j++) {
      const replaced = (above[j - 1] ?? 0) + (unit === text.charCodeAt(j - 1) ? 0 : 1);
      const missing = (above[j] ?? 0) + 1;
      const added = (row[j - 1] ?? 0) + 1;
      const least = Math.min(replaced, missing, added);
      row[j] = least;
      rowStarts[j] = (least === replaced ? starts[j - 1] : least === missing ? starts[j] : rowStarts[j - 1]) ?? 0;
    }
    [above, row] = [row, above];
    [starts, rowStarts] = [rowStarts, starts];
  }
  let end = 0;
  for (let j = 1; j < width; j++) if ((above[j] ?? 0) < (above[end] ?? 0)) end = j;
  if ((above[end] ?? 0) > pattern.length * TOLERANCE) return null;
  return wholeWords(text, { start: starts[end] ?? 0, end });
}

const isWord = (text: string, at: number) => /[\p{L}\p{N}]/u.test(text.charAt(at));

function wholeWords(text: string, { start, end }: Span): Span {
  while (start > 0 && isWord(text, start - 1) && isWord(text, start)) start--;
  while (end < text.length && isWord(text, end - 1) && isWord(text, end)) end++;
  return { start, end };
}
