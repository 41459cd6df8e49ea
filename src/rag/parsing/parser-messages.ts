import { type ErrorKind } from '../../platform/common/errors/domain.error';
import { type ParsedDocument } from '../parsed.types';
import { type SourceFile } from '../parsers/parser.types';

/** What a parser process is asked: one file at a time. */
export type ParserRequest = SourceFile;

/** What it says. The text of a document goes through the pipe TEXT_FD, `textBytes` of it, before `parsed` is said. */
export type ParserMessage =
  | { type: 'progress'; percent: number }
  | ({ type: 'parsed'; textBytes: number } & Omit<ParsedDocument, 'text'>)
  | { type: 'refused'; kind: ErrorKind; code: string; message: string }
  /** Nobody foresaw it. */
  | { type: 'failed'; stack: string };

/** After stdin, stdout, stderr and the channel of messages. */
export const TEXT_FD = 4;
