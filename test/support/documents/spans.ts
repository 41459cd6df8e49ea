import { type ParsedDocument } from '../../../src/rag/parsed.types';

/** Fails unless pages cover the text without gaps, headings are in order, and each stands where it says. */
export function checkSpans({ text, pages, headings }: ParsedDocument): void {
  expect(text.isWellFormed()).toBe(true);
  expect(text).not.toContain('\0');
  let end = 0;
  for (const page of pages) {
    expect(page.start).toBe(end);
    expect(page.end).toBeGreaterThanOrEqual(page.start);
    end = page.end;
  }
  expect(pages.map(({ page }) => page)).toEqual(pages.map((_, i) => i + 1));
  if (pages.length > 0) expect(end).toBe(text.length);
  let before = -1;
  for (const { level, title, start } of headings) {
    expect(start).toBeGreaterThan(before);
    expect(start === 0 || text[start - 1] === '\n').toBe(true);
    expect([1, 2, 3, 4, 5, 6]).toContain(level);
    // Without the marks of Markdown, which stand within words, and which a title does not have.
    const near = plain(text.slice(start, start + title.length * 2 + 200));
    for (const word of plain(title).split(' ')) expect(near).toContain(word);
    before = start;
  }
}

const plain = (text: string) => text.replaceAll(/[*`]/g, '');
