import { type ParsedDocument } from '../parsed.types';

/** A file of this machine. `name` is what its owner called it. */
export interface SourceFile {
  path: string;
  name: string;
  mediaType: string;
}

/** Told how much is done, 0 to 100, as often as it likes. */
export type Report = (percent: number) => void;

/**
 * Makes text of a file of one family of formats. Runs in a process of its own that is ended when it takes too long or too
 * much memory; within these bounds any file must end in a document or in one of `parsing.errors`.
 */
export interface Parser {
  parse(file: SourceFile, report: Report): Promise<ParsedDocument>;
}
