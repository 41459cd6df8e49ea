import { deflateSync } from 'node:zlib';
import { docxOf, xlsxOf } from '../support/documents/office';
import { startParsing } from '../support/documents/parse';
import { pageOf, pdfOf } from '../support/documents/pdf';
import { checkSpans } from '../support/documents/spans';
import { zipOf } from '../support/documents/zip';

const OFFICE = 'application/vnd.openxmlformats-officedocument';
const DOCX = `${OFFICE}.wordprocessingml.document`;
const PPTX = `${OFFICE}.presentationml.presentation`;
const XLSX = `${OFFICE}.spreadsheetml.sheet`;
const MB = 1024 * 1024;

jest.setTimeout(150_000);

const { parse, stop } = startParsing({ timeout: 60_000, memory: 768 * MB });
afterAll(stop);

/** The code of its failure, or what the text begins with. */
async function outcome(mediaType: string, bytes: Buffer | string): Promise<string> {
  try {
    const document = await parse(mediaType, bytes);
    checkSpans(document);
    return document.text.slice(0, 20);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** An Office file with one more member, or another one in its place. */
const withMember = (type: 'docx' | 'pptx' | 'xlsx', name: string, content: string | Buffer) => {
  const main = { docx: 'word/document.xml', pptx: 'ppt/presentation.xml', xlsx: 'xl/workbook.xml' }[type];
  const relation = (id: string, kind: string, target: string) =>
    `<Relationship Id="${id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${kind}" Target="${target}"/>`;
  return zipOf({
    '_rels/.rels': `<Relationships>${relation('rId1', 'officeDocument', main)}</Relationships>`,
    'ppt/presentation.xml': '<p:presentation><p:sldIdLst><p:sldId id="1" r:id="rId1"/></p:sldIdLst></p:presentation>',
    'ppt/_rels/presentation.xml.rels': `<Relationships>${relation('rId1', 'slide', 'slides/slide1.xml')}</Relationships>`,
    'xl/workbook.xml': '<workbook><sheets><sheet name="One" r:id="rId1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels': `<Relationships>${relation('rId1', 'worksheet', 'sheet1.xml')}</Relationships>`,
    'word/document.xml':
      '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>',
    [name]: content,
  });
};

/** All sizes that a zip file declares for unpacked members become `bytes`. */
function declaring(zip: Buffer, bytes: number): Buffer {
  for (const [signature, offset] of [
    [0x02014b50, 24],
    [0x04034b50, 22],
  ] as const) {
    const mark = Buffer.alloc(4);
    mark.writeUInt32LE(signature);
    for (let at = zip.indexOf(mark); at >= 0; at = zip.indexOf(mark, at + 4)) zip.writeUInt32LE(bytes, at + offset);
  }
  return zip;
}

describe('zip bombs', () => {
  const zeros = Buffer.alloc(140 * MB);

  it.each([
    ['docx', DOCX, 'word/document.xml'],
    ['pptx', PPTX, 'ppt/slides/slide1.xml'],
    ['xlsx', XLSX, 'xl/sheet1.xml'],
  ] as const)('a part of a %s that unpacks to 140 MB, declared or not', async (type, mediaType, part) => {
    const bomb = withMember(type, part, zeros);
    expect(bomb.length).toBeLessThan(MB);
    expect(await outcome(mediaType, bomb)).toBe('document_too_complex');
    expect(await outcome(mediaType, declaring(bomb, 100))).toBe('document_too_complex');
  });

  it('many members that are the same bytes', async () => {
    const part = ' '.repeat(20 * MB);
    const sheets = Array.from({ length: 20 }, (_, i) => `<sheet name="${i}" r:id="rId1"/>`).join('');
    const zip = withMember('xlsx', 'xl/sheet1.xml', part);
    expect(await outcome(XLSX, zip)).toMatch(/^One|document_empty/);
    const many = zipOf({
      '_rels/.rels':
        '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>',
      'xl/workbook.xml': `<workbook><sheets>${sheets}</sheets></workbook>`,
      'xl/_rels/workbook.xml.rels':
        '<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="sheet1.xml"/></Relationships>',
      'xl/sheet1.xml': part,
    });
    expect(await outcome(XLSX, many)).toBe('document_too_complex');
  });

  it('more members than a document has', async () => {
    const zip = zipOf({ a: '' });
    zip.writeUInt16LE(30_000, zip.length - 12); // of the directory's end record
    expect(await outcome(DOCX, zip)).toBe('document_too_complex');
  });

  it('an archive within a document is not unpacked', async () => {
    const docx = withMember('docx', 'word/embeddings/bomb.zip', zipOf({ 'bomb.xml': zeros }));
    expect(await outcome(DOCX, docx)).toBe('document_empty');
  });
});

describe('depth', () => {
  const million = 1_000_000;

  it.each<[string, string, () => Buffer | string]>([
    ['HTML', 'text/html', () => '<div>'.repeat(million)],
    ['closed HTML', 'text/html', () => '<b>'.repeat(million) + '</b>'.repeat(million)],
    ['a web page', 'text/html;profile=web-page', () => '<section>'.repeat(million)],
    ['JSON', 'application/json', () => '['.repeat(million) + ']'.repeat(million)],
    ['JSON objects', 'application/json', () => '{"a":'.repeat(million) + '1' + '}'.repeat(million)],
    ['DOCX', DOCX, () => withMember('docx', 'word/document.xml', '<w:p>'.repeat(million) + '</w:p>'.repeat(million))],
    ['PPTX', PPTX, () => withMember('pptx', 'ppt/slides/slide1.xml', '<a:p>'.repeat(million))],
    ['XLSX', XLSX, () => withMember('xlsx', 'xl/sheet1.xml', `<row>${'<c>'.repeat(million)}</row>`)],
    ['mail', 'message/rfc822', () => multiparts(5_000)],
  ])('10^6 levels of %s', async (_, mediaType, content) => {
    expect(await outcome(mediaType, content())).toMatch(/^document_(too_complex|damaged)$/);
  });

  it('elements that are never closed because they need not be', async () => {
    expect(await outcome('text/html', '<p>word<li>word<td>word<br>'.repeat(20_000))).toContain('word');
  });

  it('entities within entities', async () => {
    const laughs = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
    const xml = `<!DOCTYPE x [<!ENTITY l0 "lol">${laughs}]><w:document><w:body><w:p><w:r><w:t>&l10;</w:t></w:r></w:p></w:body></w:document>`;
    expect(await outcome(DOCX, withMember('docx', 'word/document.xml', xml))).toMatch(/^document_/);
  });
});

/** A part within a part within a part. */
function multiparts(depth: number): string {
  const open = Array.from(
    { length: depth },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  );
  return `From: a@b.c\r\n${open.join('')}Content-Type: text/plain\r\n\r\nhello`;
}

describe('PDF', () => {
  const page = pageOf(['some words of a page']);

  it('10^6 pages, there or not', async () => {
    expect(await outcome('application/pdf', pdfOf([page], { count: 1_000_000 }))).toBe('some words of a page');
    const tree = pdfOf([page])
      .toString('latin1')
      .replace('/Kids [4 0 R]', `/Kids [${'4 0 R '.repeat(1_000_000)}]`);
    const many = Buffer.from(tree.replace('/Count 1', '/Count 1000000'), 'latin1');
    expect(await outcome('application/pdf', many)).toMatch(/^document_(too_complex|damaged)$/);
    const real = pdfOf(Array.from({ length: 30_000 }, () => []));
    expect(await outcome('application/pdf', real)).toBe('document_too_complex');
  });

  it('a page that unpacks to 400 MB', async () => {
    const content = deflateSync(Buffer.alloc(400 * MB, 'q Q '));
    const head =
      '%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n';
    const leaf = '3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>\nendobj\n';
    const stream = `4 0 obj\n<</Length ${content.length}/Filter/FlateDecode>>\nstream\n`;
    const file = [head, leaf, stream, content, '\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF'].map((part) =>
      Buffer.from(part as string, 'latin1'),
    );
    expect(await outcome('application/pdf', Buffer.concat(file))).toMatch(
      /^(parsing_(out_of_memory|timed_out)|document_(empty|damaged|too_complex))$/,
    );
  });
});

describe('size', () => {
  const line = 'word '.repeat(10 * MB);

  it.each<[string, string]>([
    ['text/plain', line],
    ['text/markdown', line],
    ['text/javascript', line],
    ['text/csv', line],
    ['text/csv', `"${line}`],
    ['text/html', line],
    ['text/html;profile=web-page', `<p>${line}`],
    ['application/json', `"${line}"`],
    ['application/x-ndjson', `"${line}"`],
    ['message/rfc822', `Subject: a\r\n\r\n${line}`],
    ['message/rfc822', `Subject: ${line}\r\n\r\nx`],
    ['text/markdown', `# ${line}`],
  ])('50 MB in one line of %s', async (mediaType, content) => {
    expect(await outcome(mediaType, content)).toMatch(/^(document_(too_complex|damaged|empty)|parsing_out_of_memory)$/);
  });

  it('tables with a hundred thousand and a million rows', async () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => [`name ${i % 100}`, i]);
    expect(await outcome(XLSX, xlsxOf([{ name: 'Big', rows }]))).toContain('Big');
    expect(await outcome('text/csv', 'a,b\n'.repeat(1_000_000))).toContain('a | b');
  });

  it('a slide that is a tree too large for the memory it may take', async () => {
    const slide = `<p:sld>${'<a:p><a:r/></a:p>'.repeat(6_000_000)}</p:sld>`;
    expect(await outcome(PPTX, withMember('pptx', 'ppt/slides/slide1.xml', slide))).toBe('parsing_out_of_memory');
    expect(await outcome('text/plain', 'the next file is read')).toBe('the next file is rea');
  });
});

describe('what makes patterns slow', () => {
  it.each<[string, string]>([
    ['text/markdown', '['.repeat(2_000_000)],
    ['text/markdown', `# ${'[a]('.repeat(500_000)}`],
    ['text/markdown', `# ${'#'.repeat(2_000_000)} a`],
    ['text/markdown', `${'# '.repeat(10)}${' '.repeat(2_000_000)}x\n`.repeat(2)],
    ['text/html', `x${'<'.repeat(1_000_000)}`],
    ['text/html', `x${'<a '.repeat(500_000)}`],
    ['text/html', `x<meta ${'charset '.repeat(200_000)}`],
    ['text/html', `x${'<!--'.repeat(500_000)}`],
    ['text/html', `<p>x${'&'.repeat(1_000_000)}`],
    ['text/html;profile=web-page', `<p>${'a, '.repeat(300_000)}</p>`.repeat(3)],
    ['text/x-rust', `${'unsafe '.repeat(300_000)}x`],
    ['text/x-java', `${'public '.repeat(300_000)}x`],
    ['text/csv', `a${'"'.repeat(500_000)}`],
    ['text/csv', `${','.repeat(500_000)}\nx`],
    ['message/rfc822', `From: ${'<'.repeat(500_000)}\r\nSubject: x\r\n\r\nx`],
    ['message/rfc822', `To: ${'a,'.repeat(200_000)}\r\nSubject: x\r\n\r\nx`],
    ['message/rfc822', `Subject: ${'=?utf-8?Q?'.repeat(100_000)}\r\n\r\nx`],
    ['message/rfc822', `Subject: x\r\nContent-Type: text/html\r\n\r\n${'<'.repeat(500_000)}`],
  ])('%s', async (mediaType, content) => {
    expect(await outcome(mediaType, content)).not.toMatch(/timed_out|out_of_memory|Error/);
  });

  it('docx', async () => {
    const text = ' '.repeat(1_000_000);
    expect(await outcome(DOCX, docxOf([{ text: `a${text}b` }]))).toBe('a b');
  });
});
