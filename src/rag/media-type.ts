import { fileTypeFromBuffer } from 'file-type';
import { DOCX, EPUB, parsers, PDF, PPTX, XLSX } from './parsers/registry';

/** How much of a file's beginning is enough to tell what it is; less only where the file has less. */
export const HEAD_BYTES = 64 * 1024;

const ZIP = Buffer.from('PK\x03\x04', 'latin1');
/** Office's container for older formats, and for those with a password. */
const COMPOUND = Buffer.from('d0cf11e0a1b11ae1', 'hex');
/** Readers look for it there, as some writers put something before it (ISO 32000-1, annex H). */
const PDF_WITHIN = 1024;
/** What is not text: control characters other than tabs, line ends, form feeds and escapes. */
const CONTROL = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;
const FOLDERS = { 'word/': DOCX, 'ppt/': PPTX, 'xl/': XLSX };

/**
 * What a file is by the bytes it begins with (HEAD_BYTES of them, or all). The name only tells apart formats that are
 * text. Null for what there is no parser for.
 */
export async function mediaTypeOf(head: Buffer, name: string): Promise<string | null> {
  const named = parsers.mediaTypeOf(name);
  if (head.subarray(0, PDF_WITHIN).includes('%PDF-')) return PDF;
  if (head.subarray(0, ZIP.length).equals(ZIP)) return zipType(head, named);
  // With a password it is one of ours; its parser tells which it is, and says so.
  if (head.subarray(0, COMPOUND.length).equals(COMPOUND)) return isOffice(named) ? named : null;
  const text = textOf(head);
  if (text === null || (text.kind === 'guess' && (await fileTypeFromBuffer(head)))) return null;
  return textType(text.text, named);
}

const isOffice = (mediaType: string | null) => mediaType === DOCX || mediaType === PPTX || mediaType === XLSX;

/** By the names of its first members, which stand before their bytes (PKWARE APPNOTE 4.3.7). */
function zipType(head: Buffer, named: string | null): string | null {
  const text = head.toString('latin1');
  let office = false;
  for (let at = 0; at >= 0; at = text.indexOf('PK\x03\x04', at + 1)) {
    if (at + 30 > head.length) break;
    const name = text.slice(at + 30, at + 30 + head.readUInt16LE(at + 26));
    if (name === 'mimetype') return text.startsWith(EPUB, at + 30 + name.length) ? EPUB : null;
    for (const [folder, type] of Object.entries(FOLDERS)) if (name.startsWith(folder)) return type;
    office ||= name === '[Content_Types].xml' || name.startsWith('_rels/');
  }
  return office && isOffice(named) ? named : null;
}

/** Null for what is not text; a guess when it is not UTF-8. */
function textOf(head: Buffer): { kind: 'sure' | 'guess'; text: string } | null {
  if (head[0] === 0xff && head[1] === 0xfe) return sure(new TextDecoder('utf-16le').decode(head));
  if (head[0] === 0xfe && head[1] === 0xff) return sure(new TextDecoder('utf-16be').decode(head));
  const single = head.toString('latin1');
  if (CONTROL.test(single)) return null;
  // The last character may be cut off.
  const utf8 = new TextDecoder('utf-8').decode(head, { stream: true });
  return utf8.includes('\uFFFD') ? { kind: 'guess', text: single } : sure(utf8);
}

const sure = (text: string) => ({ kind: 'sure' as const, text });

const MAIL_HEADER =
  /^(?:return-path|received|delivered-to|message-id|mime-version|from|to|date|subject|x-[\w-]{1,40}):[ \t]/i;

function textType(text: string, named: string | null): string | null {
  const start = text.trimStart().slice(0, 4096);
  if (start.startsWith('{\\rtf')) return null;
  if (named && !isOffice(named) && named !== PDF && named !== EPUB) return named;
  if (/^(?:<\?xml[^>]{0,200}>\s{0,20})?<(?:!doctype html|html)[\s>]/i.test(start)) return 'text/html';
  const headers = start.split('\n', 6).filter((line) => MAIL_HEADER.test(line)).length;
  return headers >= 3 ? 'message/rfc822' : 'text/plain';
}
