import { type Span } from '../parsed.types';
import { graphemeAround } from './graphemes';
import { type TokenRuler } from './token-ruler';

/** Where a strategy likes to cut. */
export interface Breaks {
  /** The best end of a chunk after `floor` and up to `most`, null when there is none; `from` is where the chunk begins. */
  last(text: string, from: number, floor: number, most: number): number | null;
  /** Where to begin to repeat the end of a chunk: from `from` on, at `to` when nothing is to be repeated. */
  first(text: string, from: number, to: number): number;
}

/** In tokens. */
export interface Sizes {
  size: number;
  /** Less than half of `size`. */
  overlap: number;
  /** A chunk that is cut at a better place than it has to be has more tokens than this. */
  floor: number;
}

/**
 * Cuts a region of a text into chunks, from its beginning on: each is as long as its size allows, and ends where the
 * strategy likes it best. Blanks at both ends of a chunk are left out. At most one chunk is looked at at a time.
 *
 * A cut that finds no good place stands between two graphemes, in one that is larger than a chunk between two tokens.
 */
export function* pack(
  text: string,
  ruler: TokenRuler,
  region: Span,
  { size, overlap, floor }: Sizes,
  breaks: Breaks,
): Generator<Span> {
  let from = skipBlanks(text, region.start, region.end);
  /** Up to where all is in a chunk. */
  let done = from;
  while (from < region.end) {
    const most = ruler.reach(from, size);
    const cut = most >= region.end ? region.end : cutAt(text, ruler, from, most, floor, breaks);
    if (cut <= done && from < done) {
      from = done; // what is repeated left no room for anything new
      continue;
    }
    yield { start: from, end: withoutBlanks(text, from, cut) };
    done = skipBlanks(text, cut, region.end);
    if (done >= region.end) return;
    const next = overlap > 0 ? repeatFrom(text, ruler, from, cut, overlap, breaks) : cut;
    from = skipBlanks(text, next, region.end);
    ruler.drop(from);
  }
}

function cutAt(text: string, ruler: TokenRuler, from: number, most: number, floor: number, breaks: Breaks): number {
  const best = breaks.last(text, from, ruler.reach(from, floor), most) ?? most;
  const { start } = graphemeAround(text, from, best);
  return start > from ? start : most;
}

/** Where the next chunk begins, so that it repeats the end of this one. */
function repeatFrom(
  text: string,
  ruler: TokenRuler,
  from: number,
  cut: number,
  overlap: number,
  breaks: Breaks,
): number {
  const earliest = Math.max(ruler.back(cut, overlap), from + 1);
  const { end } = graphemeAround(text, from, breaks.first(text, earliest, cut));
  return Math.min(end, cut);
}

/** The first grapheme that is not made of blanks. */
function skipBlanks(text: string, from: number, end: number): number {
  const blanks = /\s*/y;
  blanks.lastIndex = from;
  const at = Math.min(from + (blanks.exec(text)?.[0].length ?? 0), end);
  if (at === from || at === end) return at;
  const around = graphemeAround(text, from, at);
  return /\S/.test(text.slice(around.start, around.end)) ? Math.max(from, around.start) : at;
}

function withoutBlanks(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && /\s/.test(text[at - 1] ?? '')) at--;
  return at < end ? Math.min(graphemeAround(text, start, at).end, end) : at;
}
