import { posix } from 'node:path';
import { type ParsedDocument } from '../parsed.types';
import { documentDamaged, documentEncrypted } from '../parsing.errors';
import { decode } from './decode';
import { DocumentWriter } from './document-writer';
import { parseXhtml } from './dom';
import { writeFlow } from './flow';
import { type Parser, type Report, type SourceFile } from './parser.types';
import { descendant, descendants, parseXml, textOf, type XmlElement } from './xml';
import { ZipArchive } from './zip-archive';

/** What is only fonts made unusable elsewhere (EPUB 3.3, 4.4; and Adobe's): the text can be read. */
const FONT_OBFUSCATION = ['http://www.idpf.org/2008/embedding', 'http://ns.adobe.com/pdf/enc#RC'];

/** A book (EPUB 2 and 3): its chapters in the order of the spine. */
export const parser: Parser = {
  async parse({ path }: SourceFile, report: Report): Promise<ParsedDocument> {
    const archive = await ZipArchive.open(path);
    refuseEncrypted(archive);
    const root = descendant(parseXml(archive.get('META-INF/container.xml')), 'rootfile')?.attributes['full-path'];
    if (!root) throw documentDamaged('It does not say where its contents are.');
    const book = parseXml(archive.get(root));
    const chapters = spine(book, root);
    const titles = tableOfContents(archive, book, root);
    const writer = new DocumentWriter();
    for (const [i, chapter] of chapters.entries()) {
      writeChapter(decode(archive.get(chapter)), titles.get(chapter), writer);
      report((100 * (i + 1)) / chapters.length);
    }
    const title = descendant(book, 'title');
    return writer.finish(title && textOf(title));
  },
};

function refuseEncrypted(archive: ZipArchive): void {
  const encryption = archive.find('META-INF/encryption.xml');
  if (!encryption) return;
  const methods = [...descendants(parseXml(encryption), 'EncryptedData')].map(
    (data) => descendant(data, 'EncryptionMethod')?.attributes['Algorithm'] ?? '',
  );
  if (methods.some((method) => !FONT_OBFUSCATION.includes(method))) throw documentEncrypted();
}

/** Paths in the archive. */
function spine(book: XmlElement, root: string): string[] {
  const items = new Map([...descendants(book, 'item')].map(({ attributes }) => [attributes['id'], attributes['href']]));
  return [...descendants(book, 'itemref')].flatMap(({ attributes }) => {
    const href = items.get(attributes['idref']);
    return href === undefined ? [] : [pathOf(href, root)];
  });
}

/** Titles of chapters by path: of the navigation document, or of the older `toc.ncx`. */
function tableOfContents(archive: ZipArchive, book: XmlElement, root: string): Map<string, string> {
  const titles = new Map<string, string>();
  const items = [...descendants(book, 'item')];
  const nav = items.find(({ attributes }) => attributes['properties']?.split(' ').includes('nav'))?.attributes['href'];
  const ncx = items.find(({ attributes }) => attributes['media-type'] === 'application/x-dtbncx+xml')?.attributes[
    'href'
  ];
  const part = pathOf(nav ?? ncx ?? '', root);
  const bytes = archive.find(part);
  if (!bytes) return titles;
  const note = (target: string | undefined, title: string) => {
    if (target && !titles.has(pathOf(target, part))) titles.set(pathOf(target, part), title);
  };
  const contents = parseXml(bytes);
  if (nav) for (const link of descendants(contents, 'a')) note(link.attributes['href'], textOf(link));
  else for (const point of allPoints(contents)) note(descendant(point, 'content')?.attributes['src'], labelOf(point));
  return titles;
}

/** Points are within one another. */
function* allPoints(parent: XmlElement): Generator<XmlElement> {
  for (const point of descendants(parent, 'navPoint')) {
    yield point;
    yield* allPoints(point);
  }
}

function labelOf(point: XmlElement): string {
  const label = descendant(point, 'navLabel');
  return label ? textOf(label) : '';
}

/** What an `href` means, without its fragment. */
function pathOf(href: string, from: string): string {
  const [path = ''] = href.split('#');
  return posix.join(posix.dirname(from), unescaped(path));
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that is only that
  }
}

/** A chapter that has no heading gets the one of the table of contents. */
function writeChapter(xhtml: string, title: string | undefined, writer: DocumentWriter): void {
  const hasHeading = /<(?:[\w-]{1,40}:)?h[1-6][\s>]/i.test(xhtml);
  if (title && !hasHeading) writer.heading(1, title);
  else writer.paragraph();
  writeFlow(parseXhtml(xhtml).documentElement, writer);
}
