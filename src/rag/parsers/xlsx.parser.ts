import { type ParsedDocument } from '../parsed.types';
import { documentDamaged } from '../parsing.errors';
import { decode } from './decode';
import { DocumentWriter } from './document-writer';
import { OfficePackage } from './office-package';
import { type Parser, type Report, type SourceFile } from './parser.types';
import { Rows } from './rows';
import { isoDate, timeFormats } from './xlsx-dates';
import { childrenOf, descendant, descendants, elementsIn, relationOf, textOf, type XmlElement } from './xml';

/** Columns of a sheet (ECMA-376: XFD). */
const MOST_COLUMNS = 16_384;

/** What cells refer to. */
interface Workbook {
  strings: readonly string[];
  /** For each style, whether it shows numbers as a time. */
  times: readonly boolean[];
  from1904: boolean;
}

export const parser: Parser = {
  async parse({ path }: SourceFile, report: Report): Promise<ParsedDocument> {
    const office = await OfficePackage.open(path);
    const main = office.main();
    const related = office.related(main);
    const partOf = (type: string) => related.find((one) => one.type === type)?.target;
    const [stringsPart, stylesPart] = [partOf('sharedStrings'), partOf('styles')];
    const book = office.xml(main);
    const workbook: Workbook = {
      strings: stringsPart ? sharedStrings(decode(office.archive.get(stringsPart))) : [],
      times: stylesPart ? timeFormats(office.xml(stylesPart)) : [],
      from1904: isTrue(descendant(book, 'workbookPr')?.attributes['date1904']),
    };
    const targets = new Map(related.map(({ id, target }) => [id, target]));
    const sheets = [...descendants(book, 'sheet')];
    const writer = new DocumentWriter();
    for (const [i, sheet] of sheets.entries()) {
      const part = targets.get(relationOf(sheet));
      if (!part) throw documentDamaged('A sheet is missing.');
      writer.page(i + 1).heading(1, sheet.attributes['name'] ?? '');
      writeSheet(decode(office.archive.get(part)), workbook, writer);
      report((100 * (i + 1)) / sheets.length);
    }
    return writer.finish(office.title);
  },
};

function sharedStrings(xml: string): string[] {
  return [...elementsIn(xml, 'si')].map(stringOf);
}

/** Without how it is pronounced. */
function stringOf(element: XmlElement): string {
  const own = childrenOf(element, 't').map(textOf).join('');
  return (
    own +
    childrenOf(element, 'r')
      .flatMap((run) => childrenOf(run, 't').map(textOf))
      .join('')
  );
}

function writeSheet(xml: string, workbook: Workbook, writer: DocumentWriter): void {
  const rows = new Rows();
  for (const row of elementsIn(xml, 'row')) {
    const cells: string[] = [];
    for (const cell of childrenOf(row, 'c')) {
      const column = columnOf(cell.attributes['r']) ?? cells.length;
      while (cells.length < column) cells.push('');
      cells[column] = valueOf(cell, workbook);
    }
    const line = rows.line(cells);
    if (line !== null) writer.line().write(line);
  }
}

/** `C7` → 2. */
function columnOf(reference: string | undefined): number | null {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0];
  if (!letters) return null;
  const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
  if (column >= MOST_COLUMNS) throw documentDamaged('A cell is outside of its sheet.');
  return column;
}

/** As it is shown, except that times are in ISO 8601 and numbers are not rounded. */
function valueOf(cell: XmlElement, { strings, times, from1904 }: Workbook): string {
  const [inline] = childrenOf(cell, 'is');
  if (inline) return stringOf(inline);
  const [shown] = childrenOf(cell, 'v');
  const value = shown ? textOf(shown) : '';
  switch (cell.attributes['t']) {
    case 's':
      return strings[Number(value)] ?? '';
    case 'b':
      return value === '' ? '' : isTrue(value) ? 'TRUE' : 'FALSE';
    case 'str':
    case 'e':
    case 'd':
      return value;
    default:
      return value !== '' && times[Number(cell.attributes['s'] ?? 0)] ? isoDate(Number(value), from1904) : value;
  }
}

const isTrue = (value: string | undefined) => value === '1' || value === 'true';
