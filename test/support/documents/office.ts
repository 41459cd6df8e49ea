import { escapeXml, zipOf } from './zip';

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const NAMESPACES = [
  `xmlns:r="${RELATIONS}"`,
  'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"',
  'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"',
  'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"',
].join(' ');
const SHEETS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';

const relations = (list: readonly [type: string, target: string][]) =>
  `${HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${list
    .map(([type, target], i) => `<Relationship Id="rId${i + 1}" Type="${RELATIONS}/${type}" Target="${target}"/>`)
    .join('')}</Relationships>`;

const core = (title: string) =>
  `${HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>${escapeXml(title)}</dc:title></cp:coreProperties>`;

/** What every Office Open XML file has (ECMA-376 part 2), around its main part. */
const common = (main: string, mainType: string, title: string) => ({
  '[Content_Types].xml': `${HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/${main}" ContentType="${mainType}"/></Types>`,
  '_rels/.rels': relations([
    ['officeDocument', main],
    ['metadata/core-properties', 'docProps/core.xml'],
  ]),
  'docProps/core.xml': core(title),
});

export type Block = { heading: number; text: string } | { text: string } | { rows: string[][] };

const run = (text: string) => `<w:r><w:t xml:space="preserve">${escapeXml(text)}</w:t></w:r>`;

function blockXml(block: Block): string {
  if ('rows' in block) {
    const rows = block.rows.map(
      (row) => `<w:tr>${row.map((text) => `<w:tc>${blockXml({ text })}</w:tc>`).join('')}</w:tr>`,
    );
    return `<w:tbl>${rows.join('')}</w:tbl>`;
  }
  const style = 'heading' in block ? `<w:pPr><w:pStyle w:val="Heading${block.heading}"/></w:pPr>` : '';
  return `<w:p>${style}${run(block.text)}</w:p>`;
}

/** A Word document. */
export function docxOf(blocks: readonly Block[], title = ''): Buffer {
  const styles = [1, 2, 3].map(
    (level) => `<w:style w:type="paragraph" w:styleId="Heading${level}"><w:name w:val="heading ${level}"/></w:style>`,
  );
  return zipOf({
    ...common(
      'word/document.xml',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml',
      title,
    ),
    'word/document.xml': `${HEAD}<w:document ${NAMESPACES}><w:body>${blocks.map(blockXml).join('')}</w:body></w:document>`,
    'word/styles.xml': `${HEAD}<w:styles ${NAMESPACES}>${styles.join('')}</w:styles>`,
    'word/_rels/document.xml.rels': relations([['styles', 'styles.xml']]),
  });
}

export interface Slide {
  title: string;
  lines: string[];
  rows?: string[][];
  notes?: string;
}

const shape = (type: string, lines: readonly string[]) =>
  `<p:sp><p:nvSpPr><p:nvPr><p:ph type="${type}"/></p:nvPr></p:nvSpPr><p:txBody>${lines
    .map((line) => `<a:p><a:r><a:t>${escapeXml(line)}</a:t></a:r></a:p>`)
    .join('')}</p:txBody></p:sp>`;

const table = (rows: readonly string[][]) =>
  `<p:graphicFrame><a:graphic><a:graphicData><a:tbl>${rows
    .map(
      (row) =>
        `<a:tr>${row.map((text) => `<a:tc><a:txBody><a:p><a:r><a:t>${escapeXml(text)}</a:t></a:r></a:p></a:txBody></a:tc>`).join('')}</a:tr>`,
    )
    .join('')}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>`;

/** A presentation, its slides stored in the opposite order of how they are shown. */
export function pptxOf(slides: readonly Slide[], title = ''): Buffer {
  const files = slides.map((_, i) => `slide${slides.length - i}.xml`);
  const ids = slides.map((_, i) => `<p:sldId id="${256 + i}" r:id="rId${i + 1}"/>`).join('');
  return zipOf({
    ...common(
      'ppt/presentation.xml',
      'application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml',
      title,
    ),
    'ppt/presentation.xml': `${HEAD}<p:presentation ${NAMESPACES}><p:sldIdLst>${ids}</p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': relations(files.map((file) => ['slide', `slides/${file}`])),
    ...Object.fromEntries(
      slides.flatMap((slide, i): [string, string][] => {
        const body = `${shape('body', slide.lines)}${slide.rows ? table(slide.rows) : ''}${shape('title', [slide.title])}`;
        const parts: [string, string][] = [
          [
            `ppt/slides/${files[i]!}`,
            `${HEAD}<p:sld ${NAMESPACES}><p:cSld><p:spTree>${body}</p:spTree></p:cSld></p:sld>`,
          ],
        ];
        if (slide.notes) {
          const notes = `${shape('body', [slide.notes])}${shape('sldNum', [String(i + 1)])}`;
          parts.push(
            [`ppt/slides/_rels/${files[i]!}.rels`, relations([['notesSlide', `../notesSlides/notes${i + 1}.xml`]])],
            [
              `ppt/notesSlides/notes${i + 1}.xml`,
              `${HEAD}<p:notes ${NAMESPACES}><p:cSld><p:spTree>${notes}</p:spTree></p:cSld></p:notes>`,
            ],
          );
        }
        return parts;
      }),
    ),
  });
}

export type Cell = string | number | boolean | Date | null;

const EPOCH_DAYS = 25_569;

function cellXml(cell: Cell, reference: string, strings: string[]): string {
  if (cell === null) return '';
  if (typeof cell === 'boolean') return `<c r="${reference}" t="b"><v>${Number(cell)}</v></c>`;
  if (typeof cell === 'number') return `<c r="${reference}"><v>${cell}</v></c>`;
  if (cell instanceof Date) return `<c r="${reference}" s="1"><v>${cell.getTime() / 86_400_000 + EPOCH_DAYS}</v></c>`;
  return `<c r="${reference}" t="s"><v>${strings.push(cell) - 1}</v></c>`;
}

/** A workbook: strings shared, dates as numbers with a style. At most 26 columns. */
export function xlsxOf(sheets: readonly { name: string; rows: readonly (readonly Cell[])[] }[], title = ''): Buffer {
  const strings: string[] = [];
  const parts = sheets.map(({ rows }) =>
    rows.map(
      (row, r) =>
        `<row r="${r + 1}">${row.map((cell, c) => cellXml(cell, `${String.fromCharCode(65 + c)}${r + 1}`, strings)).join('')}</row>`,
    ),
  );
  const list = sheets.map(({ name }, i) => `<sheet name="${escapeXml(name)}" sheetId="${i + 1}" r:id="rId${i + 3}"/>`);
  return zipOf({
    ...common('xl/workbook.xml', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml', title),
    'xl/workbook.xml': `${HEAD}<workbook ${SHEETS} xmlns:r="${RELATIONS}"><sheets>${list.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations([
      ['sharedStrings', 'sharedStrings.xml'],
      ['styles', 'styles.xml'],
      ...sheets.map((_, i): [string, string] => ['worksheet', `worksheets/sheet${i + 1}.xml`]),
    ]),
    'xl/sharedStrings.xml': `${HEAD}<sst ${SHEETS}>${strings.map((text) => `<si><t xml:space="preserve">${escapeXml(text)}</t></si>`).join('')}</sst>`,
    'xl/styles.xml': `${HEAD}<styleSheet ${SHEETS}><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
    ...Object.fromEntries(
      parts.map((rows, i) => [
        `xl/worksheets/sheet${i + 1}.xml`,
        `${HEAD}<worksheet ${SHEETS}><sheetData>${rows.join('')}</sheetData></worksheet>`,
      ]),
    ),
  });
}
