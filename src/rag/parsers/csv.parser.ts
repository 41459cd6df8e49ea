import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { type ParsedDocument } from '../parsed.types';
import { documentDamaged, documentTooComplex } from '../parsing.errors';
import { readText } from './decode';
import { DocumentWriter } from './document-writer';
import { type Parser, type Report, type SourceFile } from './parser.types';
import { Rows } from './rows';

const DELIMITERS = [',', ';', '\t', '|'];
/** How much of the beginning tells the delimiter. */
const SNIFFED = 10_000;
/** Of one row, in characters: a quote that is never closed would make a row of all the rest. */
const MOST_ROW = 1024 * 1024;
const PIECE = 64 * 1024;

/** A line for each row. */
export const parser: Parser = {
  async parse({ path, mediaType }: SourceFile, report: Report): Promise<ParsedDocument> {
    const text = await readText(path);
    const delimiter = mediaType === 'text/tab-separated-values' ? '\t' : delimiterOf(text.slice(0, SNIFFED));
    const records = Readable.from(pieces(text, report)).pipe(
      parse({ delimiter, relax_column_count: true, relax_quotes: true, max_record_size: MOST_ROW }),
    );
    const rows = new Rows();
    const writer = new DocumentWriter();
    try {
      for await (const record of records as AsyncIterable<string[]>) {
        const line = rows.line(record);
        if (line !== null) writer.line().write(line);
      }
    } catch (error) {
      throw error instanceof CsvError ? complaint(error) : error;
    }
    return writer.finish();
  },
};

function* pieces(text: string, report: Report): Generator<string> {
  for (let at = 0; at < text.length; at += PIECE) {
    yield text.slice(at, at + PIECE);
    report((100 * at) / text.length);
  }
}

/** The one most lines have equally many of. */
function delimiterOf(head: string): string {
  const lines = head.split('\n').slice(0, 20).filter(Boolean);
  const score = (delimiter: string) => {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    return counts[0] ? counts.filter((count) => count === counts[0]).length * 100 + counts[0] : 0;
  };
  return DELIMITERS.reduce((best, one) => (score(one) > score(best) ? one : best));
}

function complaint({ code, lines }: CsvError & { lines?: number }): Error {
  const where = lines === undefined ? '' : ` It ends in line ${lines}.`;
  if (code === 'CSV_MAX_RECORD_SIZE') {
    return documentTooComplex(`A row has more than ${MOST_ROW} characters; maybe a quote is not closed.${where}`);
  }
  return documentDamaged(`A row can't be told from the next; maybe a quote is not closed.${where}`);
}
