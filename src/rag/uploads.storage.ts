import { type Readable } from 'node:stream';
import { type StorageEngine } from 'multer';
import { type AuthenticatedRequest } from '../platform/common/auth/principal';
import { DomainError, type ErrorKind } from '../platform/common/errors/domain.error';
import { type DocumentFilesService } from './document-files.service';
import { type DocumentLimitsService } from './document-limits.service';
import { type Upload } from './uploads.types';

/** Failures that are the file's own. */
const OF_THE_FILE: readonly ErrorKind[] = ['invalid', 'too_large', 'unsupported_media'];

/** Multer's files, with what became of them. */
export type MulterUpload = Express.Multer.File & Partial<Pick<Upload, 'outcome'>>;

/** Where multer puts files: they stream into the blob store, one after the other. */
export class BlobStorage implements StorageEngine {
  constructor(
    private readonly files: DocumentFilesService,
    private readonly limits: DocumentLimitsService,
  ) {}

  _handleFile(
    req: Express.Request,
    { originalname, stream }: Express.Multer.File,
    done: (error?: unknown, info?: Partial<MulterUpload>) => void,
  ): void {
    const { principal } = req as AuthenticatedRequest;
    const maxBytes = this.limits.maxBytes(principal);
    this.take(principal.workspaceId, originalname, stream, maxBytes).then((outcome) => done(null, { outcome }), done);
  }

  /** Of a request that broke off. */
  _removeFile(_req: Express.Request, { outcome }: MulterUpload, done: (error: Error | null) => void): void {
    if (!outcome || 'error' in outcome) done(null);
    else this.files.discard(outcome.blob.key).then(() => done(null), done);
  }

  private async take(
    workspaceId: string,
    name: string,
    stream: Readable,
    maxBytes: number,
  ): Promise<Upload['outcome']> {
    try {
      return { blob: await this.files.receive(workspaceId, name, stream, maxBytes) };
    } catch (error) {
      if (!(error instanceof DomainError) || !OF_THE_FILE.includes(error.kind)) throw error;
      await drain(stream);
      return { error };
    }
  }
}

/** What is left of a refused file stands before the next one. */
async function drain(stream: Readable): Promise<void> {
  const rest = stream.iterator({ destroyOnReturn: false });
  for (let piece = await rest.next(); !piece.done; piece = await rest.next());
}
