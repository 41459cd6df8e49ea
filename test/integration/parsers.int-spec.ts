import { epubOf } from '../support/documents/epub';
import { docxOf, pptxOf, xlsxOf } from '../support/documents/office';
import { startParsing } from '../support/documents/parse';
import { pageOf, pdfOf, type PdfText } from '../support/documents/pdf';
import { checkSpans } from '../support/documents/spans';

const OFFICE = 'application/vnd.openxmlformats-officedocument';
const PDF = 'application/pdf';
const DOCX = `${OFFICE}.wordprocessingml.document`;
const PPTX = `${OFFICE}.presentationml.presentation`;
const XLSX = `${OFFICE}.spreadsheetml.sheet`;

const { parse, stop } = startParsing();
afterAll(stop);

const read = async (mediaType: string, bytes: Buffer | string) => {
  const document = await parse(mediaType, bytes);
  checkSpans(document);
  return document;
};
const refused = (mediaType: string, bytes: Buffer | string) =>
  parse(mediaType, bytes).then(
    () => null,
    (error: unknown) => (error as { code: string }).code,
  );

describe('PDF', () => {
  const column = (name: string, x: number, top = 650): PdfText[] =>
    pageOf(
      Array.from({ length: 20 }, (_, i) => `${name} line ${i} with enough words to fill it`),
      { x, top, size: 9 },
    );

  it('reads columns one after the other, under a title that spans them, in whatever order they are written', async () => {
    const title: PdfText = { text: 'A title that spans both of the columns', x: 72, y: 720, size: 18 };
    const footer: PdfText = {
      text: 'Footer that spans both of the columns, too, of the whole page below them',
      x: 72,
      y: 300,
      size: 9,
    };
    const [left, right] = [column('Left', 72), column('Right', 330)];
    const rowByRow = left.flatMap((line, i) => [line, right[i]!]);
    for (const lines of [rowByRow, [...right, ...left], [...left, ...right].reverse()]) {
      const { text, headings } = await read(PDF, pdfOf([[footer, title, ...lines]]));
      expect(text.split('\n').filter(Boolean)).toEqual([title, ...left, ...right, footer].map((line) => line.text));
      expect(headings).toEqual([{ level: 1, title: title.text, start: 0 }]);
    }
  });

  it('reads a table row by row', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => [`item ${i}`, `${i * 3}`, `${i * 7} EUR`]);
    const cells = rows.flatMap((row, i) => row.map((text, j) => ({ text, x: 72 + j * 160, y: 700 - i * 14 })));
    const { text } = await read(PDF, pdfOf([cells]));
    expect(text).toBe(rows.map((row) => row.join('\t')).join('\n'));
  });

  it('puts divided words together and keeps paragraphs apart', async () => {
    const page = [...pageOf(['One para-', 'graph goes on']), ...pageOf(['The next - after a space'], { top: 650 })];
    const { text } = await read(PDF, pdfOf([page]));
    expect(text).toBe('One paragraph goes on\n\nThe next - after a space');
  });

  it('says which page each character is on, with its title and levels of headings', async () => {
    const pages = [1, 2, 3].map((number) => [
      { text: `Chapter ${number}`, x: 72, y: 750, size: 24 },
      { text: `Section ${number}`, x: 72, y: 700, size: 16 },
      ...pageOf(['text of the body, which is', 'longer than the headings are'], { top: 660 }),
    ]);
    const { text, pages: spans, headings, title } = await read(PDF, pdfOf(pages, { title: 'The (whole) book' }));
    expect(title).toBe('The (whole) book');
    expect(spans.map(({ start }) => text.slice(start, start + 9))).toEqual(['Chapter 1', 'Chapter 2', 'Chapter 3']);
    expect(headings.map(({ level }) => level)).toEqual([1, 2, 1, 2, 1, 2]);
  });

  it('says whether it is encrypted, scanned, empty or damaged', async () => {
    const page = pageOf(['words']);
    expect(await refused(PDF, pdfOf([page], { encrypted: true }))).toBe('document_encrypted');
    expect(await refused(PDF, pdfOf(['scan', 'scan']))).toBe('document_scanned');
    expect(await refused(PDF, pdfOf(['scan', 'scan', 'scan', pageOf(['4'])]))).toBe('document_scanned');
    expect(await refused(PDF, pdfOf([[]]))).toBe('document_empty');
    expect(await refused(PDF, '%PDF-1.7\nnot one')).toBe('document_damaged');
  });

  it('reads one whose table of objects is gone', async () => {
    const lost = pdfOf([pageOf(['still here'])])
      .toString('latin1')
      .replace(/startxref\n\d+/, 'startxref\n7');
    const { text } = await read(PDF, Buffer.from(lost, 'latin1'));
    expect(text).toBe('still here');
  });
});

describe('Office', () => {
  it('DOCX: headings, paragraphs, tables', async () => {
    const { text, headings, title } = await read(
      DOCX,
      docxOf(
        [
          { heading: 1, text: 'Start & end' },
          { text: 'A <b> paragraph.' },
          {
            rows: [
              ['Name', 'Age'],
              ['Ada', '36'],
            ],
          },
          { heading: 3, text: 'Deep' },
        ],
        'A title',
      ),
    );
    expect(text).toBe('Start & end\n\nA <b> paragraph.\n\nName | Age\nAda | 36\n\nDeep');
    expect([title, headings.map(({ level }) => level)]).toEqual(['A title', [1, 3]]);
  });

  it('PPTX: slides as they are shown, titles first, tables, notes', async () => {
    const { text, pages } = await read(
      PPTX,
      pptxOf([
        { title: 'First', lines: ['one', 'two'], notes: 'Say hello.' },
        {
          title: 'Second',
          lines: [],
          rows: [
            ['a', 'b'],
            ['c', 'd'],
          ],
        },
      ]),
    );
    expect(pages.map(({ start, end }) => text.slice(start, end))).toEqual([
      'First\n\none\ntwo\n\nSay hello.\n\n',
      'Second\n\na | b\nc | d',
    ]);
  });

  it('XLSX: rows under their titles, dates, empty cells, sheets as pages', async () => {
    const { text, pages, headings } = await read(
      XLSX,
      xlsxOf([
        {
          name: 'People & pets',
          rows: [
            ['Name', 'Born', 'Paid', 'Note'],
            ['Ada', new Date('1915-12-10'), true, null],
            ['Grace', new Date('1906-12-09T13:30:00Z'), false, 'a\nb'],
          ],
        },
        {
          name: 'Numbers',
          rows: [
            [1, 2.5],
            [null, 1e21],
          ],
        },
      ]),
    );
    expect(headings.map(({ title }) => title)).toEqual(['People & pets', 'Numbers']);
    expect(text).toBe(
      [
        'People & pets\n',
        'Name | Born | Paid | Note',
        'Name: Ada | Born: 1915-12-10 | Paid: TRUE',
        'Name: Grace | Born: 1906-12-09 13:30:00 | Paid: FALSE | Note: a b\n',
        'Numbers\n',
        '1 | 2.5',
        '1e+21',
      ].join('\n'),
    );
    expect(pages).toHaveLength(2);
  });

  it.each([DOCX, PPTX, XLSX])('%s with a password', async (mediaType) => {
    expect(await refused(mediaType, Buffer.from('d0cf11e0a1b11ae1' + '00'.repeat(600), 'hex'))).toBe(
      'document_encrypted',
    );
  });
});

describe('EPUB', () => {
  it('reads chapters in the order of the spine, and names those without a heading', async () => {
    const { text, headings, title } = await read(
      'application/epub+zip',
      epubOf('Of mice & men', [
        { title: 'Prologue', body: '<p>It <em>begins</em>.</p><br/><p>Then</p>' },
        { title: 'One', body: '<h1>Chapter <span>one</span></h1><ul><li>a</li><li><p>b</p></li></ul>' },
      ]),
    );
    expect(title).toBe('Of mice & men');
    expect(text).toBe('Prologue\n\nIt begins.\n\nThen\n\nChapter one\n\n- a\n- b');
    expect(headings.map((heading) => heading.title)).toEqual(['Prologue', 'Chapter one']);
  });

  it('says when it is protected, unless only its fonts are', async () => {
    const of = (algorithm: string) =>
      epubOf('x', [{ title: 'a', body: '<p>b</p>' }], {
        'META-INF/encryption.xml': `<encryption><EncryptedData><EncryptionMethod Algorithm="${algorithm}"/></EncryptedData></encryption>`,
      });
    expect(await refused('application/epub+zip', of('http://www.w3.org/2001/04/xmlenc#aes128-cbc'))).toBe(
      'document_encrypted',
    );
    expect(await refused('application/epub+zip', of('http://www.idpf.org/2008/embedding'))).toBeNull();
  });
});
