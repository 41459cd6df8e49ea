import fc from 'fast-check';
import { emlOf } from '../support/documents/eml';
import { startParsing } from '../support/documents/parse';
import { checkSpans } from '../support/documents/spans';

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

describe('HTML', () => {
  const html = (body: string) =>
    `<!DOCTYPE html><html><head><title> A  title </title><style>p{}</style></head><body>${body}</body></html>`;

  it.each([
    ['<p>a<b>b</b> c</p>\n\n<p>d', 'ab c\n\nd'],
    ['<h2>A <code>b</code><br>c</h2>text', 'A b c\n\ntext'],
    ['a<br>b<br><br>c', 'a\nb\n\nc'],
    ['<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul>', '- a\n- b\n- c'],
    ['<pre>  a\n    b</pre>c', '  a\n    b\n\nc'],
    ['<table><tr><th>a<th>b<tr><td><p>1</p><td>2 <br> 3</table>', 'a | b\n1 | 2 3'],
    ['<table><tr><td><h1>Layout</h1><p>x</p></td><td><ul><li>y</ul></td></tr></table>', 'Layout\n\nx\n\n- y'],
    ['x<script>no</script><nav>no</nav><p hidden>no</p><template>no</template>', 'x'],
    ['&lt;b&gt; &amp;&nbsp;&#228;', '<b> & ä'],
  ])('%s', async (body, text) => {
    const document = await read('text/html', html(body));
    expect(document.text).toBe(text);
    expect(document.title).toBe('A title');
  });

  it('takes the readable part of a page from the web, and all of an uploaded file', async () => {
    const long = 'It is a paragraph of some length, with commas, as articles have them, and more. '.repeat(3);
    const page = html(
      `<header><a href="/">Home</a></header><aside><p>Subscribe now!</p></aside><main><article><h1>A title</h1>${`<p>${long}</p>`.repeat(5)}</article></main><footer>Imprint</footer>`,
    );
    const [web, file] = [await read('text/html;profile=web-page', page), await read('text/html', page)];
    expect(web.text).toMatch(/^A title\n\nIt is/);
    expect(web.text).not.toMatch(/Subscribe|Imprint/);
    expect(file.text).toMatch(/Subscribe[^]*Imprint/);
    expect((await read('text/html;profile=web-page', html('<p>Short.'))).text).toBe('Short.');
  });

  it('is read in the encoding it names', async () => {
    const page = Buffer.from('<meta charset="iso-8859-2"><p>\xb1</p>', 'latin1');
    expect((await read('text/html', page)).text).toBe('ą');
  });
});

describe('text', () => {
  it.each<[string, Buffer]>([
    ['UTF-8', Buffer.from('Grüße €\n')],
    ['UTF-8 with a mark', Buffer.from('\uFEFFGrüße €\n')],
    ['UTF-16 with a mark', Buffer.from('\uFEFFGrüße €\r\n', 'utf16le')],
    ['UTF-16 the other way', Buffer.from('\uFEFFGrüße €\n', 'utf16le').swap16()],
    ['windows-1252', Buffer.from('Gr\xfc\xdfe \x80\r\n', 'latin1')],
  ])('%s', async (_, bytes) => {
    expect((await read('text/plain', bytes)).text).toBe('Grüße €\n');
  });

  it('replaces what a database can not hold, one for one', async () => {
    expect((await read('text/plain', 'a\0b')).text).toBe('a\uFFFDb');
    expect((await read('application/json', '{"a":"\\ud800\\u0000x"}')).text).toBe('a: \uFFFD\uFFFDx');
  });

  it('Markdown: headings, not those in code, and the title of front matter', async () => {
    const text =
      '---\ntitle: "Front"\n# no: heading\n---\n# One #\n\nTwo\n===\n\n```\n# code\n```\n    # code\n####### no\n- item\n---\n## `a` [link](http://x) *b*\n#\n';
    const document = await read('text/markdown', text);
    expect(document.text).toBe(text);
    expect(document.title).toBe('Front');
    expect(document.headings.map(({ level, title }) => [level, title])).toEqual([
      [1, 'One'],
      [1, 'Two'],
      [2, 'a link b'],
    ]);
  });

  it('CSV: other delimiters, quotes, and a quote that is never closed', async () => {
    expect((await read('text/csv', 'Name;Note\nAda;"a ""b""; c"\n;\nEve;')).text).toBe(
      'Name | Note\nName: Ada | Note: a "b"; c\nName: Eve',
    );
    expect(await refused('text/csv', 'a,b\n1,"2\n3')).toBe('document_damaged');
  });

  it('JSON: a line for each value', async () => {
    const json = '{"a":{"b":[1,{"c":null}]},"d":"x y","e":{}}';
    expect((await read('application/json', json)).text).toBe('a.b[0]: 1\na.b[1].c: null\nd: x y');
    expect((await read('application/x-ndjson', '{"a":1,"b":2}\n\n{"a":3}')).text).toBe('a: 1\nb: 2\n\na: 3');
    expect(await refused('application/json', '{"a":')).toBe('document_damaged');
  });

  it('mail: who, when, the plain text, else the HTML, and what is attached', async () => {
    const mail = { subject: 'Grüße', from: 'Ada <ada@example.com>', to: 'b@example.com' };
    const both = emlOf({
      ...mail,
      text: 'Plain\r\n\r\ntext',
      html: '<p>Other</p>',
      attachments: [{ name: 'a.pdf', content: 'x' }],
    });
    const document = await read('message/rfc822', both);
    expect(document.title).toBe('Grüße');
    expect(document.text.trimEnd()).toBe(
      'Grüße\n\nFrom: Ada <ada@example.com>\nTo: b@example.com\nDate: 2024-03-01T10:00:00.000Z\nAttachments: a.pdf\n\nPlain\n\ntext',
    );
    const html = await read('message/rfc822', emlOf({ ...mail, html: '<h1>Big</h1><p>Hello</p>' }));
    expect(html.text).toMatch(/\n\nBig\n\nHello$/);
    expect(html.headings.map(({ title }) => title)).toEqual(['Grüße', 'Big']);
  });

  const unicode = fc.string({ unit: 'binary' });

  it('keeps text as it is but for line ends and what can not be stored, one for one', async () => {
    await fc.assert(
      fc.asyncProperty(unicode, async (text) => {
        const { text: read } = await parse('text/plain', Buffer.from(`x${text}`));
        expect(read).toBe(`x${text}`.replaceAll(/\r\n?/g, '\n').toWellFormed().replaceAll('\0', '\uFFFD'));
      }),
      { numRuns: 200 },
    );
  });

  it.each(['text/markdown', 'text/html', 'text/javascript', 'text/csv', 'message/rfc822'])(
    'has true offsets in any %s',
    async (mediaType) => {
      const pieces = fc.constantFrom(
        '#',
        '# ',
        '\n',
        '\n\n',
        '---\n',
        '<h1>',
        '</h1>',
        '<p>',
        '<li>',
        '<td>',
        '<pre>',
        'a',
        ' ',
        ',',
        '"',
        '```',
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(pieces, unicode)), async (parts) => {
          await read(mediaType, Buffer.from(`a\nb ${parts.join('')}`)).catch((error: unknown) => {
            expect((error as { code?: string }).code).toMatch(/^document_/);
          });
        }),
        { numRuns: 200 },
      );
    },
  );
});
