import { type ParsedDocument } from '../parsed.types';
import { documentDamaged } from '../parsing.errors';
import { DocumentWriter } from './document-writer';
import { OfficePackage } from './office-package';
import { type Parser, type Report, type SourceFile } from './parser.types';
import { descendant, descendants, relationOf, textOf, type XmlElement } from './xml';

export const parser: Parser = {
  async parse({ path }: SourceFile, report: Report): Promise<ParsedDocument> {
    const office = await OfficePackage.open(path);
    const slides = slideParts(office);
    const writer = new DocumentWriter();
    for (const [i, part] of slides.entries()) {
      writer.page(i + 1);
      writeSlide(office.xml(part), writer);
      writeNotes(office, part, writer);
      report((100 * (i + 1)) / slides.length);
    }
    return writer.finish(office.title);
  },
};

/** In the order in which they are shown. */
function slideParts(office: OfficePackage): string[] {
  const main = office.main();
  const targets = new Map(office.related(main).map(({ id, target }) => [id, target]));
  const list = descendant(office.xml(main), 'sldIdLst');
  return (list ? [...descendants(list, 'sldId')] : []).map((slide) => {
    const target = targets.get(relationOf(slide));
    if (!target) throw documentDamaged('A slide is missing.');
    return target;
  });
}

function writeSlide(slide: XmlElement, writer: DocumentWriter): void {
  const shapes = shapesIn(slide);
  const title = shapes.find(isTitle);
  if (title) writer.heading(1, paragraphs(title).join(' '));
  for (const shape of shapes) if (shape !== title) writeShape(shape, writer);
}

/** Shapes and tables in the order of the file, those of groups too. */
function shapesIn(parent: XmlElement): XmlElement[] {
  return parent.children.flatMap((child) => {
    if (typeof child === 'string') return [];
    return child.name === 'sp' || child.name === 'tbl' ? [child] : shapesIn(child);
  });
}

function isTitle(shape: XmlElement): boolean {
  const type = descendant(shape, 'ph')?.attributes['type'];
  return type === 'title' || type === 'ctrTitle';
}

function writeShape(shape: XmlElement, writer: DocumentWriter): void {
  const lines =
    shape.name === 'tbl'
      ? [...descendants(shape, 'tr')].map((row) =>
          [...descendants(row, 'tc')].map((cell) => paragraphs(cell).join(' ')).join(' | '),
        )
      : paragraphs(shape);
  if (lines.length > 0) writer.paragraph();
  for (const line of lines) writer.line().write(line);
}

/** What its author says besides, without the number of the slide. */
function writeNotes(office: OfficePackage, part: string, writer: DocumentWriter): void {
  const notes = office.related(part).find(({ type }) => type === 'notesSlide');
  if (!notes || !office.archive.has(notes.target)) return;
  for (const shape of shapesIn(office.xml(notes.target))) {
    if (descendant(shape, 'ph')?.attributes['type'] === 'body') writeShape(shape, writer);
  }
}

function paragraphs(shape: XmlElement): string[] {
  return [...descendants(shape, 'p')].map(lineOf).filter((line) => line !== '');
}

function lineOf(paragraph: XmlElement): string {
  const runs = paragraph.children.map((child) => {
    if (typeof child === 'string') return '';
    if (child.name === 'br') return ' ';
    return child.name === 'r' || child.name === 'fld' ? [...descendants(child, 't')].map(textOf).join('') : '';
  });
  return runs.join('').replaceAll(/\s+/g, ' ').trim();
}
