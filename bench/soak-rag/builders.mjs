import { docxOf, emlOf, epubOf, escapeXml, pageOf, pdfOf, pptxOf, xlsxOf } from './makers.mjs';

const LINES_OF_A_PAGE = 46;
const CHARACTERS_OF_A_LINE = 88;

/** A Markdown text by its headings: `{ title, sections: [{ title, lines }] }`. */
export function sectionsOf(title, markdown) {
  const sections = [{ title, lines: [] }];
  for (const line of markdown.split('\n').map((each) => each.trim())) {
    const heading = /^#{1,6} +(.+)$/.exec(line);
    if (heading) sections.push({ title: heading[1], lines: [] });
    else if (line) sections.at(-1).lines.push(line);
  }
  return { title: title.replace(/\.md$/, ''), sections: sections.filter(({ lines }) => lines.length > 0) };
}

/** Pages of a PDF. Its font has no more than Latin letters. */
export function pagesOf({ sections }) {
  const lines = sections
    .flatMap(({ title, lines: body }) => ['', title, '', ...body])
    .flatMap((line) => wrapped(line.replaceAll(/[^\x20-\x7e]/g, ' ')));
  const pages = [];
  for (let at = 0; at < lines.length; at += LINES_OF_A_PAGE) pages.push(pageOf(lines.slice(at, at + LINES_OF_A_PAGE)));
  return pages;
}

const wrapped = (line) =>
  line.match(new RegExp(`.{1,${CHARACTERS_OF_A_LINE}}(?:\\s|$)|\\S{${CHARACTERS_OF_A_LINE}}`, 'g')) ?? [''];

const rowsOf = ({ title, sections }) =>
  sections.flatMap((section) => section.lines.map((line, i) => [title, section.title, i + 1, line]));
const quoted = (cell) => `"${String(cell).replaceAll('"', '""')}"`;
const htmlOf = ({ lines }) => lines.map((line) => `<p>${escapeXml(line)}</p>`).join('');
const bodyOf = ({ sections }) => sections.map(({ title, lines }) => `${title}\n\n${lines.join('\n')}`).join('\n\n');

const each = (extension, make) =>
  function* (texts) {
    for (const text of texts)
      yield { title: `${text.title}.${extension}`, bytes: Buffer.from(make(text)), built: true };
  };

/** Files of a format, each of one text. */
export const BUILDERS = {
  pdf: function* (texts) {
    for (const [i, text] of texts.entries()) {
      // Every third is a long one, of all that is left of the texts.
      const sections = i % 3 === 0 ? texts.slice(i).flatMap((one) => one.sections) : text.sections;
      yield { title: `${text.title}.pdf`, bytes: pdfOf(pagesOf({ sections }), { title: text.title }), built: true };
    }
  },
  docx: each('docx', ({ title, sections }) =>
    docxOf(
      sections.flatMap((section, i) => [
        { heading: 1 + (i % 3), text: section.title },
        ...section.lines.map((text) => ({ text })),
      ]),
      title,
    ),
  ),
  pptx: each('pptx', ({ title, sections }) =>
    pptxOf(
      sections.map((section) => ({ title: section.title, lines: section.lines, notes: section.lines[0] })),
      title,
    ),
  ),
  xlsx: each('xlsx', (text) => xlsxOf([{ name: 'Lines', rows: rowsOf(text) }], text.title)),
  csv: each('csv', (text) =>
    rowsOf(text)
      .map((row) => row.map(quoted).join(','))
      .join('\n'),
  ),
  eml: each('eml', (text) =>
    emlOf({
      subject: text.title,
      from: 'Docs <docs@example.com>',
      to: 'reader@example.com',
      text: bodyOf(text),
      attachments: [{ name: 'notes.txt', content: text.sections[0]?.title ?? '' }],
    }),
  ),
  epub: each('epub', ({ title, sections }) =>
    epubOf(
      title,
      sections.map((section) => ({
        title: section.title,
        body: `<h1>${escapeXml(section.title)}</h1>${htmlOf(section)}`,
      })),
    ),
  ),
};
