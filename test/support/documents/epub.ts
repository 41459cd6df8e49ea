import { escapeXml, zipOf } from './zip';

export interface Chapter {
  /** As the table of contents has it. */
  title: string;
  /** XHTML. */
  body: string;
}

/** An EPUB 3, its chapters stored in the opposite order of how they are read. `more`: further members. */
export function epubOf(title: string, chapters: readonly Chapter[], more: Record<string, string> = {}): Buffer {
  const file = (i: number) => `chapter ${chapters.length - i}.xhtml`;
  const href = (i: number) => `text/${encodeURIComponent(file(i))}`;
  const page = (inner: string) =>
    `<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head><body>${inner}</body></html>`;
  const links = chapters.map((chapter, i) => `<li><a href="${href(i)}">${escapeXml(chapter.title)}</a></li>`).join('');
  const items = chapters
    .map((_, i) => `<item id="c${i}" href="${href(i)}" media-type="application/xhtml+xml"/>`)
    .join('');
  return zipOf({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml':
      '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
    'OEBPS/book.opf': `<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>${escapeXml(title)}</dc:title></metadata><manifest><item id="nav" href="nav.xhtml" properties="nav"/>${items}</manifest><spine>${chapters.map((_, i) => `<itemref idref="c${i}"/>`).join('')}</spine></package>`,
    'OEBPS/nav.xhtml': page(`<nav epub:type="toc"><ol>${links}</ol></nav>`),
    ...Object.fromEntries(chapters.map(({ body }, i) => [`OEBPS/text/${file(i)}`, page(body)])),
    ...more,
  });
}
