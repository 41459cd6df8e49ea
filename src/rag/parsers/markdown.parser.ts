import { type ParsedDocument } from '../parsed.types';
import { readText } from './decode';
import { DocumentWriter } from './document-writer';
import { linesOf } from './lines';
import { type Parser, type SourceFile } from './parser.types';

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
/** What is not a paragraph that a line of dashes could make a heading of. */
const NOT_PARAGRAPH = /^(\s*$| {4}|\t| {0,3}([>|]|[-*+] |\d+[.)] ))/;
const FRONT_TITLE = /^title:[ \t]*["']?(.*?)["']?[ \t]*$/i;

/** The text as it is, with the headings of CommonMark 0.31 (4.2, 4.3), and front matter left alone. */
export const parser: Parser = {
  async parse({ path }: SourceFile): Promise<ParsedDocument> {
    const text = await readText(path);
    const writer = new DocumentWriter().write(text);
    let title: string | undefined;
    let fence: string | null = null;
    let inFront = text.startsWith('---\n');
    let paragraph: { line: string; start: number } | null = null;
    const mark = (level: number, heading: string, start: number) => {
      if (heading === '') return;
      writer.mark(level, heading, start);
      if (level === 1) title ??= heading;
    };
    for (const { line, start } of linesOf(text)) {
      if (inFront) {
        title ??= FRONT_TITLE.exec(line)?.[1];
        if (start > 0 && /^(---|\.\.\.)\s*$/.test(line)) inFront = false;
        continue;
      }
      const marks = FENCE.exec(line)?.[1];
      if (fence !== null) {
        if (marks?.startsWith(fence) && /^\s*[`~]+\s*$/.test(line)) fence = null;
        continue;
      }
      if (marks) {
        fence = marks;
        paragraph = null;
        continue;
      }
      const atx = ATX.exec(line);
      const setext: string | undefined = paragraph ? SETEXT.exec(line)?.[1] : undefined;
      if (atx) mark(atx[1]?.length ?? 1, plain(withoutClosing(atx[2] ?? '')), start);
      else if (setext && paragraph) mark(setext.startsWith('=') ? 1 : 2, plain(paragraph.line), paragraph.start);
      paragraph = atx || setext || NOT_PARAGRAPH.test(line) ? null : { line, start };
    }
    return writer.finish(title);
  },
};

/** `Title ##` → `Title` */
function withoutClosing(title: string): string {
  const bare = title.trimEnd();
  const end = bare.length - (/#*$/.exec(bare)?.[0].length ?? 0);
  return end === 0 || /\s/.test(bare[end - 1] ?? '') ? bare.slice(0, end) : bare;
}

/** Without the marks of code, emphasis and links. */
const plain = (title: string) =>
  title
    .replaceAll(/!?\[([^[\]]{0,500})\]\([^()]{0,500}\)/g, '$1')
    .replaceAll(/[*`]/g, '')
    .trim();
