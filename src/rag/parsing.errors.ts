import { DomainError } from '../platform/common/errors/domain.error';

/** Why a file could not be parsed: for the people whose file it is. `code` is that of the document's error. */
const failure = (code: string, message: string) => new DomainError('invalid', code, message);

export const documentEncrypted = () =>
  failure('document_encrypted', 'The file is protected by a password: save it without one, and upload it again.');

/** `what`: a sentence about what is wrong with it. */
export const documentDamaged = (what: string) => failure('document_damaged', `The file is damaged. ${what}`);

export const documentScanned = () =>
  failure('document_scanned', 'The pages are images without text (a scan). Run text recognition (OCR) over it first.');

export const documentEmpty = () => failure('document_empty', 'There is no text in the file.');

/** `what`: a sentence about the limit it is over. */
export const documentTooComplex = (what: string) => failure('document_too_complex', what);

export const unsupportedDocument = (mediaType: string) =>
  new DomainError('unsupported_media', 'unsupported_document', `Files of type ${mediaType} can't be read.`);

export const parsingTimedOut = (ms: number) =>
  failure('parsing_timed_out', `Reading the file took more than ${Math.round(ms / 1000)} seconds.`);

export const parsingOutOfMemory = (bytes: number) =>
  failure('parsing_out_of_memory', `Reading the file took more than ${Math.round(bytes / 1024 / 1024)} MB of memory.`);
