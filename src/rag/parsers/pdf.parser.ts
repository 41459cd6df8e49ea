import { readFile } from 'node:fs/promises';
import { getDocumentProxy, getResolvedPDFJS } from 'unpdf';
import { type ParsedDocument } from '../parsed.types';
import { documentDamaged, documentEncrypted, documentScanned, documentTooComplex } from '../parsing.errors';
import { DocumentWriter } from './document-writer';
import { MOST_PAGES, MOST_TEXT } from './limits';
import { type Parser, type Report, type SourceFile } from './parser.types';
import { inReadingOrder, type Line, type PlacedText } from './pdf-layout';
import { writePages } from './pdf-text';

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
type Page = Awaited<ReturnType<Pdf['getPage']>>;

/** With fewer letters a page on average, the text is what a scanner stamped on images. */
const LEAST_LETTERS = 4;
/** How many pages are searched for images when there is no text. */
const SEARCHED = 5;

/** No code of the file runs, and no fonts are loaded. */
const OPTIONS = { isEvalSupported: false, disableFontFace: true, useSystemFonts: false, verbosity: 0 };

export const parser: Parser = {
  async parse({ path }: SourceFile, report: Report): Promise<ParsedDocument> {
    const pdf = await openPdf(new Uint8Array(await readFile(path)));
    if (pdf.numPages > MOST_PAGES)
      throw documentTooComplex(`It has ${pdf.numPages} pages, at most ${MOST_PAGES} are read.`);
    const pages: Line[][] = [];
    let letters = 0;
    for (let number = 1; number <= pdf.numPages; number++) {
      const lines = await readPage(pdf, number);
      letters += lines.reduce((sum, { text }) => sum + text.length, 0);
      if (letters > MOST_TEXT) throw documentTooComplex(`It has more than ${MOST_TEXT} characters of text.`);
      pages.push(lines);
      report((100 * number) / pdf.numPages);
    }
    if (letters < LEAST_LETTERS * pdf.numPages && (await hasImages(pdf))) throw documentScanned();
    return writePages(pages, new DocumentWriter()).finish(await titleOf(pdf));
  },
};

async function openPdf(bytes: Uint8Array): Promise<Pdf> {
  try {
    return await getDocumentProxy(bytes, OPTIONS);
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') throw documentEncrypted();
    throw documentDamaged('It can’t be read as a PDF.');
  }
}

async function readPage(pdf: Pdf, number: number): Promise<Line[]> {
  const page = await pageOf(pdf, number);
  try {
    const { items } = await page.getTextContent();
    const toScreen = page.getViewport({ scale: 1 }).transform as Matrix;
    return inReadingOrder(items.flatMap((item) => ('str' in item ? (placed(item, toScreen) ?? []) : [])));
  } catch {
    throw documentDamaged(`Page ${number} can’t be read.`);
  } finally {
    page.cleanup();
  }
}

async function pageOf(pdf: Pdf, number: number): Promise<Page> {
  try {
    return await pdf.getPage(number);
  } catch {
    throw documentDamaged(`Page ${number} of ${pdf.numPages} is missing.`);
  }
}

/** [a, b, c, d, e, f] of ISO 32000-1, 8.3.3. */
type Matrix = [number, number, number, number, number, number];

/** Where a piece of text is on the page as it is shown: y grows downwards. Null for what is not text. */
function placed(
  { str, transform, width, dir }: { str: string; transform: unknown[]; width: number; dir: string },
  [a, b, c, d, e, f]: Matrix,
): PlacedText | null {
  if (str.trim() === '') return null;
  const [ta, tb, tc, td, te, tf] = transform as Matrix;
  const along: [number, number] = [a * ta + c * tb, b * ta + d * tb];
  const up: [number, number] = [a * tc + c * td, b * tc + d * td];
  return {
    text: str,
    x: a * te + c * tf + e,
    y: b * te + d * tf + f,
    width,
    size: Math.hypot(...up) || 1,
    upright: Math.abs(along[0]) >= Math.abs(along[1]),
    rightToLeft: dir === 'rtl',
  };
}

/** Whether one of the first pages paints an image. */
async function hasImages(pdf: Pdf): Promise<boolean> {
  const { OPS } = await getResolvedPDFJS();
  const painting: number[] = [OPS.paintImageXObject, OPS.paintInlineImageXObject, OPS.paintImageMaskXObject];
  for (let number = 1; number <= Math.min(pdf.numPages, SEARCHED); number++) {
    const { fnArray } = await (await pageOf(pdf, number)).getOperatorList();
    if (fnArray.some((operation) => painting.includes(operation))) return true;
  }
  return false;
}

async function titleOf(pdf: Pdf): Promise<string | undefined> {
  const { info } = await pdf.getMetadata().catch(() => ({ info: {} })); // broken metadata: it has no title
  return 'Title' in info && typeof info.Title === 'string' ? info.Title : undefined;
}
