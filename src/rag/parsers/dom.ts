import { DOMParser, parseHTML } from 'linkedom';
import { documentTooComplex } from '../parsing.errors';
import { MOST_DEPTH } from './limits';

/** What of the DOM (WHATWG) is used here. */
export interface DomNode {
  nodeType: number;
  nodeName: string;
  textContent: string | null;
  firstChild: DomNode | null;
  nextSibling: DomNode | null;
  parentNode: DomNode | null;
}

export interface DomElement extends DomNode {
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
}

export interface DomDocument extends DomNode {
  title: string;
  documentElement: DomElement;
}

export const ELEMENT = 1;
export const TEXT = 3;
export const CDATA = 4;

/** Throws `document_too_complex` before the time it takes grows with the square of the depth. */
export function parseHtml(html: string): DomDocument {
  refuseDeep(html);
  const whole = /<(body|frameset)[\s/>]/i.test(html) ? html : `<!DOCTYPE html><html><body>${html}</body></html>`;
  return (parseHTML(whole) as unknown as { document: DomDocument }).document;
}

/** XHTML, where any element may be closed at once. */
export function parseXhtml(xhtml: string): DomDocument {
  refuseDeep(xhtml);
  return new DOMParser().parseFromString(xhtml, 'text/xml') as unknown as DomDocument;
}

/** Elements that need no end tag (HTML 13.1.2.4) or have none: they don't pile up. */
const UNCLOSED = new Set(
  'area base br col embed hr img input link meta source track wbr p li dt dd td th tr tbody thead tfoot option optgroup rp rt html head body'.split(
    ' ',
  ),
);

function refuseDeep(html: string): void {
  let depth = 0;
  for (const [, slash, name, selfClosed] of html.matchAll(/<(\/?)([a-z][a-z0-9:-]{0,40})(?:[^<>]{0,1000}?(\/))?>?/gi)) {
    if (selfClosed || UNCLOSED.has(name?.toLowerCase() ?? '')) continue;
    depth = Math.max(0, depth + (slash ? -1 : 1));
    if (depth > MOST_DEPTH) throw documentTooComplex(`It has elements nested more than ${MOST_DEPTH} deep.`);
  }
}
