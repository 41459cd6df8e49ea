import { type CallHandler, type ExecutionContext, Injectable, Logger, type NestInterceptor } from '@nestjs/common';
import { type RequestHandler, type Response } from 'express';
import multer, { MulterError } from 'multer';
import { defer, finalize, type Observable } from 'rxjs';
import { type AuthenticatedRequest } from '../platform/common/auth/principal';
import { DomainError } from '../platform/common/errors/domain.error';
import { logFailure } from '../platform/common/errors/exception.filter';
import { validationFailed } from '../platform/common/errors/validation';
import { parseBody } from '../platform/common/http/body';
import { ClientGone } from '../platform/common/http/client-gone';
import { isUuid } from '../platform/common/ids';
import { collectionNotFound } from './collections.errors';
import { CollectionsService } from './collections.service';
import { DocumentFilesService } from './document-files.service';
import { DocumentLimitsService } from './document-limits.service';
import { RagQueues } from './rag-queues.service';
import { BlobStorage, type MulterUpload } from './uploads.storage';
import { type Upload, type UploadRequest } from './uploads.types';

const MOST_FILES = 100;
const LIMITS = { files: MOST_FILES, fields: 10, fieldSize: 64 * 1024, fieldNameSize: 100 };

/**
 * Takes the files of a multipart body into the blob store as they come. The body is then `{ metadata?, files: [{ filename,
 * bytes, sha256 }] }`, so that this belongs before whatever looks at the body. Nothing is read for a collection the caller
 * may not write to, and nothing stays of a request that breaks off.
 */
@Injectable()
export class UploadsInterceptor implements NestInterceptor {
  private readonly logger = new Logger(UploadsInterceptor.name);
  private readonly receive: RequestHandler;

  constructor(
    private readonly collections: CollectionsService,
    private readonly files: DocumentFilesService,
    private readonly queues: RagQueues,
    limits: DocumentLimitsService,
  ) {
    const storage = new BlobStorage(files, limits);
    this.receive = multer({ storage, limits: LIMITS, defParamCharset: 'utf8' }).array('files');
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const [req, res] = [http.getRequest<AuthenticatedRequest & UploadRequest>(), http.getResponse<Response>()];
    if (!req.is('multipart/form-data')) return next.handle();
    const id = req.params['id'];
    if (!isUuid(id)) throw collectionNotFound();
    await this.collections.getWritable(req.principal, id);

    const failure = await new Promise<unknown>((done) => void this.receive(req, res, done));
    if (failure) throw refusal(failure);
    const uploads = (req.files as MulterUpload[]).flatMap(({ originalname, outcome }) =>
      outcome ? [{ filename: storable(originalname), outcome }] : [],
    );
    const { metadata, ...others } = req.body as Record<string, unknown>;
    req.uploads = uploads;
    const files = uploads.map(({ filename, outcome }) =>
      'error' in outcome
        ? { filename }
        : { filename, bytes: outcome.blob.bytes, sha256: outcome.blob.sha256.toString('hex') },
    );
    // What comes after goes on when the client leaves: only at its end nobody will claim the bytes any more.
    return defer(() => {
      req.body = { ...others, files, ...(metadata === undefined ? {} : { metadata: fromJson(metadata) }) };
      return next.handle();
    }).pipe(finalize(() => this.clear(uploads)));
  }

  /** Bytes that are no document's by now never will be. */
  private clear(uploads: readonly Upload[]): void {
    const keys = uploads.flatMap(({ outcome }) => ('blob' in outcome ? [outcome.blob.key] : []));
    this.files.release(keys).then(
      (left) => left && this.queues.cleanSoon(),
      (error: unknown) => logFailure(this.logger, error), // found a day later
    );
  }
}

function fromJson(metadata: unknown): unknown {
  try {
    return parseBody(Buffer.from(String(metadata)), 'metadata');
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw validationFailed([{ field: 'metadata', message: error.message }]);
  }
}

/** Names are not JSON, which could not hold what the database refuses. */
const storable = (name: string) => name.replaceAll('\0', '\uFFFD').toWellFormed();

const MISTAKES: Partial<Record<MulterError['code'], string>> = {
  LIMIT_UNEXPECTED_FILE: "Files belong in the field 'files'.",
  LIMIT_FILE_COUNT: `One request takes at most ${MOST_FILES} files.`,
  LIMIT_FIELD_VALUE: 'metadata is longer than 64 kB.',
};

/** What multer and busboy raise: a limit, a body that is not multipart, or a client that left. */
function refusal(failure: unknown): unknown {
  if (failure instanceof MulterError) {
    const field = failure.field ?? '';
    return validationFailed([{ field, message: MISTAKES[failure.code] ?? failure.message }]);
  }
  if (!(failure instanceof Error) || failure instanceof DomainError) return failure;
  if (/^Request (aborted|closed|error)/.test(failure.message)) return new ClientGone();
  const malformed = /^(Multipart: Boundary|Unexpected end of (form|file)|Malformed|Unsupported content type)/;
  return malformed.test(failure.message)
    ? new DomainError('invalid', 'bad_request', `The multipart body can't be read: ${failure.message}`)
    : failure;
}
