/** A piece of text on a page; in points, y grows downwards, `x`, `y` is where its baseline begins. */
export interface PlacedText {
  text: string;
  x: number;
  y: number;
  width: number;
  /** Of the font. */
  size: number;
  /** Whether it runs from side to side. */
  upright: boolean;
  rightToLeft: boolean;
}

export interface Line {
  text: string;
  size: number;
  /** Whether more than the usual space, or the edge of a column, is before it. */
  apart: boolean;
}

/** A stretch of text on one baseline without a gap as wide as one between columns. */
interface Stretch extends PlacedText {
  end: number;
}

/** Parts of the font size. */
const SAME_BASELINE = 0.35;
const WORD_GAP = 0.2;
const COLUMN_GAP = 1.1;
const PARAGRAPH_GAP = 1.75;
/** A column has at least so many stretches, and half of them fill so much of it: cells of a table don't. */
const LEAST_STRETCHES = 4;
const FILLED = 0.6;
/** Columns within columns. */
const MOST_DEPTH = 4;
/** Positions at which a gap between columns is looked for. */
const STEPS = 60;

/** The lines of a page as one reads them: columns one after the other, what spans them in its place, rows of tables as lines. */
export function inReadingOrder(texts: readonly PlacedText[]): Line[] {
  const upright = stretches(texts.filter((text) => text.upright));
  const turned = texts.filter((text) => !text.upright).map(({ text, size }) => ({ text, size, apart: true }));
  return [...ordered(upright, 0), ...turned];
}

/** Texts that follow one another on a baseline, as most files write them. */
function stretches(texts: readonly PlacedText[]): Stretch[] {
  const found: Stretch[] = [];
  for (const text of texts) {
    const last = found.at(-1);
    const end = text.x + text.width;
    const gap = last ? text.x - last.end : 0;
    const size = Math.max(last?.size ?? 0, text.size);
    const follows =
      last &&
      !text.rightToLeft &&
      !last.rightToLeft &&
      Math.abs(text.y - last.y) < size * SAME_BASELINE &&
      gap > -size / 2 &&
      gap < size * COLUMN_GAP;
    if (!follows) found.push({ ...text, end });
    else {
      last.text += needsSpace(last.text, text.text, gap, size) ? ` ${text.text}` : text.text;
      last.end = Math.max(last.end, end);
      last.width = last.end - last.x;
      last.size = size;
    }
  }
  return found;
}

const needsSpace = (before: string, after: string, gap: number, size: number) =>
  gap > size * WORD_GAP && !/\s$/.test(before) && !/^\s/.test(after);

function ordered(all: readonly Stretch[], depth: number): Line[] {
  const gutter = depth < MOST_DEPTH ? gutterOf(all) : null;
  if (gutter === null) return rows(all);
  const lines: Line[] = [];
  let [left, right]: [Stretch[], Stretch[]] = [[], []];
  const flush = () => {
    lines.push(...ordered(left, depth + 1), ...ordered(right, depth + 1));
    [left, right] = [[], []];
  };
  for (const stretch of all.toSorted((a, b) => a.y - b.y)) {
    if (stretch.end <= gutter) left.push(stretch);
    else if (stretch.x >= gutter) right.push(stretch);
    else {
      flush();
      lines.push(...rows([stretch]));
    }
  }
  flush();
  return lines;
}

/** Where a page is split into columns; null when it isn't. The least crossed of the positions that separate two columns. */
function gutterOf(all: readonly Stretch[]): number | null {
  const start = all.reduce((least, { x }) => Math.min(least, x), Infinity);
  const end = all.reduce((most, stretch) => Math.max(most, stretch.end), -Infinity);
  let best: { at: number; crossing: number; apart: number } | null = null;
  for (let step = STEPS * 0.2; step <= STEPS * 0.8; step++) {
    const at = start + ((end - start) * step) / STEPS;
    const left = all.filter((stretch) => stretch.end <= at);
    const right = all.filter((stretch) => stretch.x >= at);
    const crossing = all.length - left.length - right.length;
    if (crossing * 4 > left.length + right.length || !isColumn(left) || !isColumn(right) || !areBeside(left, right))
      continue;
    const apart = Math.min(...right.map(({ x }) => x)) - Math.max(...left.map((stretch) => stretch.end));
    if (!best || crossing < best.crossing || (crossing === best.crossing && apart > best.apart)) {
      best = { at, crossing, apart };
    }
  }
  return best?.at ?? null;
}

function isColumn(part: readonly Stretch[]): boolean {
  if (part.length < LEAST_STRETCHES) return false;
  const start = Math.min(...part.map(({ x }) => x));
  const end = Math.max(...part.map((stretch) => stretch.end));
  const widths = part.map(({ width }) => width).sort((a, b) => a - b);
  return (widths[Math.floor(widths.length / 2)] ?? 0) >= FILLED * (end - start);
}

/** Whether they are at the same height for the most part of the shorter. */
function areBeside(left: readonly Stretch[], right: readonly Stretch[]): boolean {
  const [top, bottom] = [left, right].map((part) => Math.min(...part.map(({ y }) => y))) as [number, number];
  const [topEnd, bottomEnd] = [left, right].map((part) => Math.max(...part.map(({ y }) => y))) as [number, number];
  const shared = Math.min(topEnd, bottomEnd) - Math.max(top, bottom);
  return shared > 0.5 * Math.min(topEnd - top, bottomEnd - bottom);
}

/** From top to bottom, each row from side to side. */
function rows(part: readonly Stretch[]): Line[] {
  const lines: Line[] = [];
  let row: Stretch[] = [];
  let bottom: Stretch | null = null;
  const flush = () => {
    const [first] = row;
    if (!first) return;
    const size = row.reduce((most, stretch) => Math.max(most, stretch.size), 0);
    const apart = !bottom || first.y - bottom.y > PARAGRAPH_GAP * Math.max(size, bottom.size);
    lines.push({ text: joined(row), size, apart });
    bottom = first;
    row = [];
  };
  for (const stretch of part.toSorted((a, b) => a.y - b.y)) {
    const [first] = row;
    if (first && stretch.y - first.y > SAME_BASELINE * Math.max(first.size, stretch.size)) flush();
    row.push(stretch);
  }
  flush();
  return lines;
}

function joined(row: readonly Stretch[]): string {
  const backwards = row.filter(({ rightToLeft }) => rightToLeft).length * 2 > row.length;
  const inOrder = row.toSorted((a, b) => (backwards ? b.x - a.x : a.x - b.x));
  let text = '';
  for (const [i, stretch] of inOrder.entries()) {
    const before = inOrder[i - 1];
    const gap = before ? (backwards ? before.x - stretch.end : stretch.x - before.end) : 0;
    if (before && gap > stretch.size * COLUMN_GAP) text += '\t';
    else if (before && needsSpace(text, stretch.text, gap, stretch.size)) text += ' ';
    text += stretch.text;
  }
  return text.trim();
}
