/** A piece of `text`, in UTF-16 code units: `text.slice(start, end)`. */
export interface Span {
  start: number;
  end: number;
}

/** A page, slide or sheet; counted from 1. */
export interface PageSpan extends Span {
  page: number;
}

export interface Heading {
  /** 1 to 6. */
  level: number;
  title: string;
  /** Where its line begins. */
  start: number;
}

/** What a parser made of a file. Everything that is cited refers to `text`. */
export interface ParsedDocument {
  text: string;
  /** As the file itself says. */
  title?: string;
  /** In order, without gaps within a page's text; empty where the format has none. */
  pages: PageSpan[];
  /** In order. */
  headings: Heading[];
}
