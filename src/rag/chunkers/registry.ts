import { type Chunking, type ChunkSpan } from '../chunks.types';
import { type Heading, type PageSpan, type ParsedDocument } from '../parsed.types';
import { type Chunker } from './chunker.types';
import { heading } from './heading.chunker';
import { recursive } from './recursive.chunker';
import { sentence } from './sentence.chunker';
import { TokenRuler } from './token-ruler';
import { tokens } from './tokens.chunker';

/** Adding a strategy: one file, its name in `STRATEGIES`, one line here. */
const CHUNKERS: Record<Chunking['strategy'], Chunker> = { recursive, sentence, heading, tokens };

/**
 * The chunks of a document, in order, as they are asked for: a long text need not be cut in one go. The same document and
 * chunking give the same chunks. What is repeated is held to a little less than half of `size`.
 */
export function* chunk(document: ParsedDocument, { strategy, size, overlap }: Chunking): Generator<ChunkSpan> {
  const { text, pages, headings } = document;
  const ruler = new TokenRuler(text);
  const pathAt = headingPaths(headings);
  const sizes = { size, overlap: Math.min(overlap, (size - 1) >> 1) };
  for (const { start, end } of CHUNKERS[strategy](document, ruler, sizes)) {
    yield { start, end, tokens: ruler.count(start, end), page: pageAt(pages, start), headingPath: pathAt(start) };
  }
}

const pageAt = (pages: readonly PageSpan[], at: number): number | null => lastUpTo(pages, at)?.page ?? null;

/** Titles of the heading above a place and of those it stands under itself, outermost first. */
function headingPaths(headings: readonly Heading[]): (at: number) => string[] {
  const parents = new Map<Heading, Heading | undefined>();
  const open: Heading[] = [];
  for (const heading of headings) {
    while ((open.at(-1)?.level ?? 0) >= heading.level) open.pop();
    parents.set(heading, open.at(-1));
    open.push(heading);
  }
  return (at) => {
    const path: string[] = [];
    for (let one = lastUpTo(headings, at); one; one = parents.get(one)) path.unshift(one.title);
    return path;
  };
}

/** The last that begins at `at` or before it. */
function lastUpTo<T extends { start: number }>(sorted: readonly T[], at: number): T | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.start ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
