import { type DomainError } from '../platform/common/errors/domain.error';
import { type ReceivedBlob } from './documents.types';

/** A file of a multipart body: its bytes are stored, or it was refused and the others went on. */
export interface Upload {
  filename: string;
  outcome: { blob: ReceivedBlob } | { error: DomainError };
}

/** A request whose multipart body was read. */
export interface UploadRequest {
  uploads?: Upload[];
}
