import { XMLParser } from 'fast-xml-parser';
import { DomainError } from '../../platform/common/errors/domain.error';
import { documentDamaged, documentTooComplex } from '../parsing.errors';
import { decode } from './decode';

/** An element: its name without prefix, attributes by their names as they stand, and what is in it, in order. */
export interface XmlElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: readonly (XmlElement | string)[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  trimValues: false,
  parseTagValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  htmlEntities: true, // numeric ones are among these
  maxNestedTags: 250,
});

/** The nodes fast-xml-parser gives with `preserveOrder`: `{ name: children, ':@': attributes }` or `{ '#text': text }`. */
type RawNode = Record<string, RawNode[] | string | Record<string, string>>;

/** The outermost element. Throws `document_damaged`, or `document_too_complex` for one nested too deeply. */
export function parseXml(xml: Uint8Array | string): XmlElement {
  const root = fragment(typeof xml === 'string' ? xml : decode(xml)).find((node) => typeof node !== 'string');
  if (!root) throw documentDamaged('A part of it that should be XML is empty.');
  return root;
}

function fragment(xml: string): (XmlElement | string)[] {
  try {
    return (parser.parse(xml) as RawNode[]).map(element);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const { message } = error as Error;
    if (/nested|entit/i.test(message)) throw documentTooComplex(`A part of it is XML over a limit: ${message}.`);
    throw documentDamaged('A part of it is not well-formed XML.');
  }
}

/** No deeper than the parser allows. */
function element(node: RawNode): XmlElement | string {
  const text = node['#text'];
  if (typeof text === 'string') return text;
  const name = Object.keys(node).find((key) => key !== ':@') ?? '';
  const children = node[name];
  return {
    name: name.slice(name.indexOf(':') + 1),
    attributes: (node[':@'] ?? {}) as Record<string, string>,
    children: Array.isArray(children) ? children.map(element) : [],
  };
}

/** Elements called `name` directly in it. */
export const childrenOf = ({ children }: XmlElement, name: string): XmlElement[] =>
  children.filter((child): child is XmlElement => typeof child !== 'string' && child.name === name);

/** Every element called `name` in it, at any depth, in order; not those within one another. */
export function* descendants(parent: XmlElement, name: string): Generator<XmlElement> {
  for (const child of parent.children) {
    if (typeof child === 'string') continue;
    if (child.name === name) yield child;
    else yield* descendants(child, name);
  }
}

/** The first of them. */
export function descendant(parent: XmlElement, name: string): XmlElement | undefined {
  for (const found of descendants(parent, name)) return found;
  return undefined;
}

/** The id of the relation it stands for: `r:id`, whatever the prefix. */
export const relationOf = ({ attributes }: XmlElement): string =>
  Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1] ?? '';

/** All text in it. */
export const textOf = (node: XmlElement | string): string =>
  typeof node === 'string' ? node : node.children.map(textOf).join('');

/** So much is parsed at once, in characters. */
const PIECE = 64 * 1024;

/**
 * The elements called `name` of a large file, parsed a few at a time, so that the file is never a tree as a whole. They
 * must be siblings.
 */
export function* elementsIn(xml: string, name: string): Generator<XmlElement> {
  const open = new RegExp(`<((?:[\\w.-]+:)?${name})(?=[\\s/>])`, 'g');
  let start = -1;
  let end = 0;
  for (let match = open.exec(xml); match; match = open.exec(xml)) {
    if (start < 0) start = match.index;
    end = endOf(xml, match[1] ?? '', open.lastIndex);
    open.lastIndex = end;
    if (end - start < PIECE) continue;
    yield* childrenOf(parseXml(`<all>${xml.slice(start, end)}</all>`), name);
    start = -1;
  }
  if (start >= 0) yield* childrenOf(parseXml(`<all>${xml.slice(start, end)}</all>`), name);
}

/** Of the element whose tag goes on at `from`. */
function endOf(xml: string, name: string, from: number): number {
  const tagEnd = xml.indexOf('>', from);
  if (tagEnd >= 0 && xml[tagEnd - 1] === '/') return tagEnd + 1;
  const close = `</${name}>`;
  const at = tagEnd < 0 ? -1 : xml.indexOf(close, tagEnd);
  if (at < 0) throw documentDamaged('A part of it that should be XML is cut off.');
  return at + close.length;
}
