import { DomainError } from '../platform/common/errors/domain.error';

/** Also one of a collection the caller may not read. */
export const documentNotFound = () =>
  new DomainError('not_found', 'document_not_found', 'There is no document with this id.');

export const documentNotReady = (message: string) =>
  new DomainError('conflict', 'document_not_ready', message, { shouldRetry: false });

export const documentNotKept = () =>
  new DomainError(
    'conflict',
    'document_not_kept',
    'Its file was refused and not kept, so that there is nothing to try again with: upload it again.',
    { shouldRetry: false },
  );

export const unsupportedFile = () =>
  new DomainError(
    'unsupported_media',
    'unsupported_document',
    'Files of this type are not read. Supported are PDF, DOCX, PPTX, XLSX, CSV, HTML, Markdown, plain text, JSON, EML, ' +
      'EPUB and source code; the content decides, not the name.',
  );

export const emptyFile = () => new DomainError('invalid', 'document_empty', 'The file is empty.');

export const tooManyDocuments = (max: number) =>
  new DomainError(
    'limit',
    'too_many_documents',
    `The tier allows ${max} documents in a workspace. Superseded versions count until they are deleted.`,
    { shouldRetry: false },
  );

/** Its worker died too often. */
export const INTERRUPTED = {
  code: 'indexing_interrupted',
  message: 'The processes that worked on it ended again and again. Try it again, or split it.',
};
export const UNFORESEEN = {
  code: 'internal_error',
  message: 'Something went wrong on our side. The log has more.',
};
