import { readFile } from 'node:fs/promises';
import { Readability } from '@mozilla/readability';
import { type ParsedDocument } from '../parsed.types';
import { decode } from './decode';
import { DocumentWriter } from './document-writer';
import { type DomDocument, type DomNode, parseHtml } from './dom';
import { writeFlow } from './flow';
import { type Parser, type SourceFile } from './parser.types';
import { WEB_PAGE } from './web-page';

/** Where a page without a byte order mark names its encoding (HTML 13.2.3.2). */
const PRESCAN_BYTES = 1024;
/** What Readability looks at: the time it takes grows faster than the page. */
const MOST_ELEMENTS = 20_000;
/** An extract shorter than that is a notice, not the page. */
const LEAST_ARTICLE = 200;

export const parser: Parser = {
  async parse(file: SourceFile): Promise<ParsedDocument> {
    const bytes = await readFile(file.path);
    const html = decode(bytes, declaredEncoding(bytes));
    const document = parseHtml(html);
    const { title } = document;
    const article = file.mediaType === WEB_PAGE ? readable(document) : null;
    if (article) {
      const writer = new DocumentWriter().heading(1, title);
      writeFlow(article, writer);
      return writer.finish(title);
    }
    const writer = new DocumentWriter();
    const whole = file.mediaType === WEB_PAGE ? parseHtml(html) : document; // Readability took the other apart
    writeFlow(whole.documentElement, writer);
    return writer.finish(title);
  },
};

function declaredEncoding(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, PRESCAN_BYTES);
  return /<meta[^>]{0,200}charset\s{0,10}=\s{0,10}["']?([\w-]{1,40})/i.exec(head)?.[1];
}

/** The part of a page one came for, or null when there is none to be told from the rest. */
function readable(document: DomDocument): DomNode | null {
  try {
    const article = new Readability(document, {
      maxElemsToParse: MOST_ELEMENTS,
      serializer: (node: DomNode) => node,
    }).parse();
    return article?.content && (article.textContent ?? '').trim().length >= LEAST_ARTICLE ? article.content : null;
  } catch {
    return null; // more elements than it may look at, or a page it does not understand: the whole text is taken
  }
}
