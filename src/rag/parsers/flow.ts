import { type DocumentWriter } from './document-writer';
import { CDATA, type DomElement, type DomNode, ELEMENT, TEXT } from './dom';

const SKIPPED = new Set(
  'script style noscript template head title svg math iframe object embed canvas audio video map nav datalist select'.split(
    ' ',
  ),
);
const BLOCKS = new Set(
  (
    'address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer form ' +
    'header hgroup hr li main menu ol p pre section summary table tbody thead tfoot tr ul caption body h1 h2 h3 h4 h5 h6'
  ).split(' '),
);
/** Blocks that are lines of one paragraph. */
const LINES = new Set(['li', 'tr', 'dd', 'dt', 'div']);
const MARKER = '- ';
const CELL = ' | ';

/**
 * Writes what a browser would show as text: blocks as lines and paragraphs, lists with dashes, rows of tables as
 * `cell | cell`, headings marked. Left out is what isn't shown or is there to navigate. Walks without recursion.
 */
export function writeFlow(root: DomNode, writer: DocumentWriter): void {
  const flow = new Flow(writer);
  let node: DomNode | null = root;
  while (node) {
    const entered = flow.enter(node);
    if (entered && node.firstChild) {
      node = node.firstChild;
      continue;
    }
    if (entered) flow.leave(node);
    while (node !== root && !node.nextSibling) {
      node = node.parentNode;
      if (!node) return;
      flow.leave(node);
    }
    node = node === root ? null : node.nextSibling;
  }
}

class Flow {
  private gap = 0;
  private space = false;
  private preformatted = 0;
  /** Lists within lists. */
  private lists = 0;
  /** Of each open cell, whether it is of a table of data; and how many are: such a cell is one line. */
  private readonly open: boolean[] = [];
  private cells = 0;
  /** For each open row, whether it has had a cell. */
  private readonly rows: boolean[] = [];
  private heading: { level: number; start: number; title: string } | null = null;
  /** What was written last is a dash or a bar: what it belongs to follows at once. */
  private marked = false;
  /** Where the line of that dash begins. */
  private markedAt = 0;

  constructor(private readonly writer: DocumentWriter) {}

  /** Whether what is in it is to be shown. */
  enter(node: DomNode): boolean {
    if (node.nodeType === TEXT || node.nodeType === CDATA) {
      this.text(node.textContent ?? '');
      return false;
    }
    if (node.nodeType !== ELEMENT) return true;
    const name = node.nodeName.toLowerCase();
    if (SKIPPED.has(name) || isHidden(node as DomElement)) return false;
    if (name === 'br') this.break(this.gap + 1);
    else if (BLOCKS.has(name)) this.break(this.gapOf(name));
    if (name === 'ul' || name === 'ol') this.lists += 1;
    if (name === 'pre') this.preformatted += 1;
    if (name === 'tr') this.rows.push(false);
    if (name === 'td' || name === 'th') this.cell(node);
    if (name === 'li') this.item();
    if (/^h[1-6]$/.test(name) && this.cells === 0) this.heading ??= { level: Number(name[1]), start: -1, title: '' };
    return true;
  }

  leave(node: DomNode): void {
    if (node.nodeType !== ELEMENT) return;
    const name = node.nodeName.toLowerCase();
    if (name === 'pre') this.preformatted -= 1;
    if (name === 'tr') this.rows.pop();
    if (name === 'td' || name === 'th') this.endCell();
    if (/^h[1-6]$/.test(name)) this.endHeading();
    if (name === 'ul' || name === 'ol') this.lists -= 1;
    if (BLOCKS.has(name)) this.break(this.gapOf(name));
  }

  private text(text: string): void {
    if (this.preformatted > 0) {
      if (text !== '') this.emit(text);
      return;
    }
    const words = text.replaceAll(/[\s\u00a0]+/g, ' ');
    const bare = words.trim();
    if (bare === '') {
      this.space ||= words !== '';
      return;
    }
    this.space ||= words.startsWith(' ');
    this.emit(bare);
    this.space = words.endsWith(' ');
  }

  private emit(text: string): void {
    const { writer } = this;
    if (this.gap === 0 && this.space && !this.marked) {
      writer.write(' ');
      if (this.heading) this.heading.title += ' ';
    }
    if (this.gap === 1) writer.line();
    if (this.gap >= 2) writer.paragraph();
    this.gap = 0;
    this.space = false;
    const wasMarked = this.marked;
    this.marked = false;
    if (this.heading) {
      if (this.heading.start < 0) this.heading.start = wasMarked ? this.markedAt : writer.length;
      this.heading.title += text;
    }
    writer.write(text);
  }

  private gapOf(block: string): number {
    return LINES.has(block) || (this.lists > 0 && (block === 'ul' || block === 'ol')) ? 1 : 2;
  }

  private break(gap: number): void {
    if (this.cells > 0 || this.heading?.title) this.space = true;
    else if (!this.marked) this.gap = Math.max(this.gap, Math.min(gap, 2));
  }

  private cell(cell: DomNode): void {
    const data = isData(cell);
    this.open.push(data);
    if (!data) {
      this.break(1);
      return;
    }
    if (this.rows.at(-1)) {
      this.space = false;
      this.emit(CELL);
      this.marked = true;
    }
    if (this.rows.length > 0) this.rows[this.rows.length - 1] = true;
    this.cells += 1;
  }

  private endCell(): void {
    if (this.open.pop()) this.cells -= 1;
    else this.break(1);
  }

  private item(): void {
    if (this.cells > 0 || this.marked) return;
    this.emit(MARKER);
    this.marked = true;
    this.markedAt = this.writer.length - MARKER.length;
  }

  private endHeading(): void {
    const { heading } = this;
    this.heading = null;
    if (heading && heading.start >= 0) {
      this.writer.mark(heading.level, heading.title.replaceAll(/\s+/g, ' ').trim(), heading.start);
    }
  }
}

const isHidden = (element: DomElement) =>
  element.hasAttribute('hidden') || element.getAttribute('aria-hidden') === 'true';

const LAYOUT = new Set(['table', 'ul', 'ol', 'center', 'section', 'article', 'h1', 'h2', 'h3', 'h4']);
const MOST_PARAGRAPHS = 3;

/** Whether a cell holds a value, rather than a part of the page. */
function isData(cell: DomNode): boolean {
  let paragraphs = 0;
  for (let child = cell.firstChild; child; child = child.nextSibling) {
    const name = child.nodeName.toLowerCase();
    if (LAYOUT.has(name)) return false;
    if (name === 'p') paragraphs += 1;
  }
  return paragraphs <= MOST_PARAGRAPHS;
}
