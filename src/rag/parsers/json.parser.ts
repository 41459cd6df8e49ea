import { type ParsedDocument } from '../parsed.types';
import { documentDamaged, documentTooComplex } from '../parsing.errors';
import { readText } from './decode';
import { DocumentWriter } from './document-writer';
import { MOST_DEPTH } from './limits';
import { type Parser, type SourceFile } from './parser.types';

/** A line for each value, with the path that leads there: `orders[0].customer: Ada`. Lines of NDJSON are apart. */
export const parser: Parser = {
  async parse({ path, mediaType }: SourceFile): Promise<ParsedDocument> {
    const text = await readText(path);
    const writer = new DocumentWriter();
    if (mediaType === 'application/json') writeValue(parsed(text, ''), writer);
    else for (const [i, line] of entries(text)) writeValue(parsed(line, ` in line ${i}`), writer.paragraph());
    return writer.finish();
  },
};

/** Lines that are not empty, counted from 1. */
function* entries(text: string): Generator<[number, string]> {
  for (let start = 0, i = 1; start < text.length; i++) {
    const end = text.indexOf('\n', start);
    const stop = end < 0 ? text.length : end;
    const line = text.slice(start, stop);
    if (line.trim() !== '') yield [i, line];
    start = stop + 1;
  }
}

function parsed(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw documentDamaged(`It is not valid JSON${where}.`);
  }
}

/** Without recursion, in the order of the file. */
function writeValue(root: unknown, writer: DocumentWriter): void {
  const open: Iterator<[path: string, value: unknown]>[] = [[['', root] as [string, unknown]].values()];
  for (let inner = open.at(-1); inner; inner = open.at(-1)) {
    const next = inner.next();
    if (next.done) {
      open.pop();
      continue;
    }
    const [path, value] = next.value;
    if (typeof value !== 'object' || value === null) {
      writer.line().write(path === '' ? String(value) : `${path}: ${String(value)}`);
    } else if (open.length > MOST_DEPTH) throw documentTooComplex(`It is nested more than ${MOST_DEPTH} deep.`);
    else open.push(membersOf(path, value));
  }
}

function* membersOf(path: string, value: object): Generator<[path: string, value: unknown]> {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield [`${path}[${i}]`, item as unknown];
  else for (const [key, item] of Object.entries(value)) yield [path === '' ? key : `${path}.${key}`, item as unknown];
}
