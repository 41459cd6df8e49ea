/** Longer lines are neither headings nor declarations, and no pattern is tried on them. */
const MOST_LINE = 1_000;

/** The lines of a text with their offsets; of a very long one, its beginning. */
export function* linesOf(text: string): Generator<{ line: string; start: number }> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const stop = end < 0 ? text.length : end;
    yield { line: text.slice(start, Math.min(stop, start + MOST_LINE)), start };
    start = stop + 1;
  }
}
