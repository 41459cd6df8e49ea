import { type DocumentWriter } from './document-writer';
import { type Line } from './pdf-layout';

/** So much larger than the text of the body is a heading, and shorter than that. */
const LARGER = 1.15;
const MOST_HEADING = 200;
/** Lines of a heading. */
const MOST_LINES = 4;
/** Dots that lead to a page number: an entry of a table of contents. */
const LEADERS = /\. ?\. ?\. ?\. ?/;
/** If more of the lines are large, size says nothing. */
const MOST_SHARE = 0.5;

/** Writes pages of lines; large short lines are headings, level by size. A word divided at the end of a line is put together. */
export function writePages(pages: readonly (readonly Line[])[], writer: DocumentWriter): DocumentWriter {
  const levelOf = levels(pages.flat());
  for (const [i, lines] of pages.entries()) {
    writer.page(i + 1);
    writeLines(lines, levelOf, writer);
  }
  return writer;
}

function writeLines(lines: readonly Line[], levelOf: (line: Line) => number | null, writer: DocumentWriter): void {
  let divided = false;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as Line;
    const level = levelOf(line);
    if (level !== null) {
      const title = [line.text];
      for (let next = lines[i + 1]; next && !next.apart && next.size === line.size && title.length < MOST_LINES;) {
        title.push(next.text);
        next = lines[++i + 1];
      }
      writer.heading(level, title.join(' '));
      divided = false;
      continue;
    }
    const joins = divided;
    divided = isDivided(line, lines[i + 1]);
    if (!joins && line.apart) writer.paragraph();
    else if (!joins) writer.line();
    writer.write(divided ? line.text.slice(0, -1) : line.text);
  }
}

/** Whether the last word of a line goes on in the next. */
const isDivided = ({ text }: Line, next: Line | undefined) =>
  next !== undefined && !next.apart && /\p{L}-$/u.test(text.slice(-3)) && /^\p{Ll}/u.test(next.text);

/** For each line the level of heading it is, or null. */
function levels(lines: readonly Line[]): (line: Line) => number | null {
  const body = bodySize(lines);
  const isLarge = ({ size, text }: Line) =>
    size > body * LARGER && text.length <= MOST_HEADING && /\p{L}/u.test(text) && !LEADERS.test(text);
  const large = lines.filter(isLarge);
  if (large.length > lines.length * MOST_SHARE) return () => null;
  const sizes = [...new Set(large.map(({ size }) => rounded(size)))].sort((a, b) => b - a);
  const level = new Map(sizes.map((size, i) => [size, Math.min(i + 1, 6)]));
  return (line) => (isLarge(line) ? (level.get(rounded(line.size)) ?? null) : null);
}

/** The size most letters have. */
function bodySize(lines: readonly Line[]): number {
  const letters = new Map<number, number>();
  for (const { size, text } of lines) letters.set(rounded(size), (letters.get(rounded(size)) ?? 0) + text.length);
  return [...letters].reduce((most, one) => (one[1] > most[1] ? one : most), [Infinity, 0])[0];
}

const rounded = (size: number) => Math.round(size * 2) / 2;
