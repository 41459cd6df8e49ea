import { emlOf } from './eml';
import { epubOf } from './epub';
import { docxOf, pptxOf, xlsxOf } from './office';
import { pageOf, pdfOf } from './pdf';

/** A small file of each media type, in which the words come in this order. */
export interface Sample {
  name: string;
  bytes: Buffer;
  headings: string[];
  pages: number;
}

export const WORDS = ['Anteater', 'Badger', 'Caribou', 'Dormouse'] as const;
const [A, B, C, D] = WORDS;

const OFFICE = 'application/vnd.openxmlformats-officedocument';
const html = `<html><head><title>Zoo</title></head><body><h1>${A}</h1><p>${B}</p><h2>${C}</h2><p>${D}</p></body></html>`;
const article = `<html><head><title>${A}</title></head><body><nav><a href="/">Home</a></nav><article>${`<p>${B}, which lives in a burrow, digs at night and sleeps all day long.</p>`.repeat(8)}<h2>${C}</h2><p>${D}</p></article></body></html>`;

const text = (name: string, content: string, headings: string[] = []): Sample => ({
  name,
  bytes: Buffer.from(content),
  headings,
  pages: 0,
});
const code = (name: string, declare: (word: string) => string): Sample =>
  text(
    name,
    WORDS.map((word) => `${declare(word)}\n`).join('\n'),
    WORDS.map((word) => declare(word).replace(/ ?[{:;=].*$/s, '')),
  );

export const SAMPLES: Readonly<Record<string, Sample>> = {
  'application/pdf': {
    name: 'zoo.pdf',
    bytes: pdfOf([
      [{ text: A, x: 72, y: 750, size: 20 }, ...pageOf([B, 'and many more words of the body'])],
      [{ text: C, x: 72, y: 750, size: 20 }, ...pageOf([D, 'and again words of the body'])],
    ]),
    headings: [A, C],
    pages: 2,
  },
  [`${OFFICE}.wordprocessingml.document`]: {
    name: 'zoo.docx',
    bytes: docxOf([{ heading: 1, text: A }, { text: B }, { heading: 2, text: C }, { rows: [[D, '4']] }]),
    headings: [A, C],
    pages: 0,
  },
  [`${OFFICE}.presentationml.presentation`]: {
    name: 'zoo.pptx',
    bytes: pptxOf([
      { title: A, lines: [B] },
      { title: C, lines: [], notes: D },
    ]),
    headings: [A, C],
    pages: 2,
  },
  [`${OFFICE}.spreadsheetml.sheet`]: {
    name: 'zoo.xlsx',
    bytes: xlsxOf([
      { name: A, rows: [[B]] },
      { name: C, rows: [[D]] },
    ]),
    headings: [A, C],
    pages: 2,
  },
  'application/epub+zip': {
    name: 'zoo.epub',
    bytes: epubOf('Zoo', [
      { title: A, body: `<p>${B}</p>` },
      { title: 'not used', body: `<h2>${C}</h2><p>${D}</p>` },
    ]),
    headings: [A, C],
    pages: 0,
  },
  'text/html': text('zoo.html', html, [A, C]),
  'text/html;profile=web-page': text('zoo.html', article, [A, C]),
  'text/markdown': text('zoo.md', `# ${A}\n\n${B}\n\n${C}\n---\n\n${D}\n`, [A, C]),
  'text/csv': text('zoo.csv', `${A},${B}\n${C},${D}\n`),
  'text/tab-separated-values': text('zoo.tsv', `${A}\t${B}\n${C}\t${D}\n`),
  'application/json': text('zoo.json', JSON.stringify({ [A]: B, list: [C, { deep: D }] })),
  'application/x-ndjson': text('zoo.ndjson', `{"a":"${A}"}\n{"b":"${B}"}\n\n["${C}","${D}"]\n`),
  'message/rfc822': {
    name: 'zoo.eml',
    bytes: emlOf({ subject: A, from: `${B} <b@example.com>`, to: 'c@example.com', text: `${C}\n${D}` }),
    headings: [A],
    pages: 0,
  },
  'text/javascript': code('zoo.ts', (word) => `export class ${word} {}`),
  'text/x-python': code('zoo.py', (word) => `class ${word}:`),
  'text/x-go': code('zoo.go', (word) => `type ${word}`),
  'text/x-rust': code('zoo.rs', (word) => `pub struct ${word};`),
  'text/x-java': code('Zoo.java', (word) => `public final class ${word} {}`),
  'text/x-ruby': code('zoo.rb', (word) => `module ${word}`),
  'text/x-php': code('zoo.php', (word) => `abstract class ${word} {}`),
  'text/x-shellscript': code('zoo.sh', (word) => `${word}() {`),
  'text/x-c': text('zoo.c', WORDS.join('\n')),
  'text/css': text('zoo.css', WORDS.map((word) => `.${word} {}`).join('\n')),
  'application/sql': text('zoo.sql', WORDS.map((word) => `SELECT '${word}';`).join('\n')),
  'text/xml': text('zoo.xml', `<zoo>${WORDS.map((word) => `<animal>${word}</animal>`).join('')}</zoo>`),
  'text/plain': text('zoo.txt', WORDS.join('\n')),
};
