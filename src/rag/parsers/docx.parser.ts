import { readFile } from 'node:fs/promises';
import mammoth from 'mammoth';
import { type ParsedDocument } from '../parsed.types';
import { documentDamaged, documentTooComplex } from '../parsing.errors';
import { DocumentWriter } from './document-writer';
import { parseHtml } from './dom';
import { writeFlow } from './flow';
import { OfficePackage } from './office-package';
import { type Parser, type SourceFile } from './parser.types';

export const parser: Parser = {
  async parse({ path }: SourceFile): Promise<ParsedDocument> {
    const office = await OfficePackage.open(path);
    // Unpacked here first, within limits, and parsed: mammoth sets itself none.
    for (const name of office.archive.names) if (/\.(xml|rels)$/.test(name)) office.xml(name);
    office.main();
    const writer = new DocumentWriter();
    writeFlow(parseHtml(await toHtml(path)).documentElement, writer);
    return writer.finish(office.title);
  },
};

async function toHtml(path: string): Promise<string> {
  const options = { convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })) };
  try {
    return (await mammoth.convertToHtml({ buffer: await readFile(path) }, options)).value;
  } catch (error) {
    if (error instanceof RangeError) throw documentTooComplex('Its text is nested too deeply.');
    throw documentDamaged('It is not a Word document as Word writes them.');
  }
}
