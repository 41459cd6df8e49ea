import { type ParsedDocument, type Span } from '../parsed.types';
import { structure } from './breaks';
import { type Chunker } from './chunker.types';
import { pack } from './pack';

/** A chunk for each section; one that is too long is cut as `recursive` does. None goes on past a heading. */
export const heading: Chunker = function* (document, ruler, { size, overlap }) {
  const { text } = document;
  const sizes = { size, overlap, floor: (size + overlap) >> 1 };
  for (const section of sectionsOf(document)) yield* pack(text, ruler, section, sizes, structure);
};

/** A heading with nothing under it but another heading begins that one's section. */
function* sectionsOf({ text, headings }: ParsedDocument): Generator<Span> {
  let start = 0;
  for (const [i, { start: end }] of headings.entries()) {
    const above = headings[i - 1];
    const hasBody = above === undefined || hasMore(text.slice(above.start, end), above.title);
    if (end <= start || !hasBody) continue;
    yield { start, end };
    start = end;
  }
  yield { start, end: text.length };
}

/** Whether there is more than the line of the title. */
function hasMore(section: string, title: string): boolean {
  const at = section.indexOf(title);
  const line = section.indexOf('\n', at === -1 ? 0 : at + title.length);
  return line !== -1 && /\S/.test(section.slice(line));
}
