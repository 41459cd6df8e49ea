import { type ParsedDocument } from '../parsed.types';
import { readText } from './decode';
import { DocumentWriter } from './document-writer';
import { type Parser, type SourceFile } from './parser.types';

export const parser: Parser = {
  async parse({ path }: SourceFile): Promise<ParsedDocument> {
    return new DocumentWriter().write(await readText(path)).finish();
  },
};
