import { documentEmpty, documentTooComplex } from '../parsing.errors';
import { type Heading, type PageSpan, type ParsedDocument } from '../parsed.types';
import { MOST_HEADINGS, MOST_PAGES, MOST_TEXT } from './limits';

/**
 * Gathers the text of a document with its pages and headings, so that their offsets are those of the text. Pages follow one
 * another without gaps: what separates two of them belongs to the first.
 */
export class DocumentWriter {
  private readonly parts: string[] = [];
  private readonly pages: PageSpan[] = [];
  private readonly headings: Heading[] = [];
  private tail = '';
  length = 0;

  /** As it is. Throws `document_too_complex` over the limit. */
  write(text: string): this {
    if (text === '') return this;
    this.length += text.length;
    if (this.length > MOST_TEXT) {
      throw documentTooComplex(`It has more than ${MOST_TEXT} characters of text: split it into several files.`);
    }
    this.parts.push(text);
    this.tail = (this.tail + text.slice(-2)).slice(-2);
    return this;
  }

  /** What is written next begins a line. */
  line(): this {
    return this.length === 0 || this.tail.endsWith('\n') ? this : this.write('\n');
  }

  /** What is written next begins a paragraph. */
  paragraph(): this {
    return this.length === 0 || this.tail === '\n\n' ? this : this.line().write('\n');
  }

  /** What is written next begins page `page`. */
  page(page: number): this {
    if (this.pages.length >= MOST_PAGES) throw documentTooComplex(`It has more than ${MOST_PAGES} pages.`);
    if (this.pages.length > 0) this.paragraph();
    const last = this.pages.at(-1);
    if (last) last.end = this.length;
    this.pages.push({ page, start: last ? this.length : 0, end: this.length });
    return this;
  }

  /** A paragraph of its own. An empty title is none. */
  heading(level: number, title: string): this {
    const line = title.replaceAll(/\s+/g, ' ').trim();
    if (line === '') return this;
    this.paragraph().mark(level, line, this.length);
    return this.write(line).paragraph();
  }

  /** A heading of text that is written as it is; `start` is where its line begins. */
  mark(level: number, title: string, start: number): void {
    if (this.headings.length >= MOST_HEADINGS) throw documentTooComplex(`It has more than ${MOST_HEADINGS} headings.`);
    this.headings.push({ level: Math.min(Math.max(level, 1), 6), title, start });
  }

  /** Throws `document_empty`. What PostgreSQL can't hold is replaced one for one, so that offsets stay true. */
  finish(title?: string): ParsedDocument {
    const last = this.pages.at(-1);
    if (last) last.end = this.length;
    const text = storable(this.parts.join(''));
    if (!/\S/.test(text)) throw documentEmpty();
    const headings = this.headings.map((heading) => ({ ...heading, title: storable(heading.title) }));
    const ownTitle = storable(title?.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_TITLE) ?? '');
    return { text, ...(ownTitle === '' ? {} : { title: ownTitle }), pages: this.pages, headings };
  }
}

const MOST_TITLE = 500;

const storable = (text: string) => text.toWellFormed().replaceAll('\0', '\uFFFD');
