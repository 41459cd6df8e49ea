import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { DomainError } from '../platform/common/errors/domain.error';
import { validationFailed } from '../platform/common/errors/validation';
import { CollectionsService } from './collections.service';
import { DocumentFilesService } from './document-files.service';
import { DocumentLimitsService } from './document-limits.service';
import { toDocument } from './documents.codec';
import { type AddedDocumentsDto } from './documents.dto';
import { type DocumentsBody } from './documents.schema';
import { type NewDocument, type StoredDocument } from './documents.types';
import { RagQueues } from './rag-queues.service';
import { RegistrationsRepository } from './registrations.repository';
import { type Upload } from './uploads.types';

const LONGEST_TITLE = 500;

/** Takes new documents in: files, texts, and what is at a URL. */
@Injectable()
export class AdditionsService {
  constructor(
    private readonly registrations: RegistrationsRepository,
    private readonly collections: CollectionsService,
    private readonly files: DocumentFilesService,
    private readonly limits: DocumentLimitsService,
    private readonly queues: RagQueues,
  ) {}

  /**
   * One document for each file, text or URL, in their order. Each is judged by itself: one that is refused is a `failed`
   * document that says why.
   * @param uploads the files of a multipart body, whose bytes are stored
   */
  async add(
    user: Principal,
    collectionId: string,
    body: DocumentsBody,
    uploads: Upload[] = [],
  ): Promise<AddedDocumentsDto> {
    await this.collections.getWritable(user, collectionId);
    const given = body.files ? uploads : [await this.given(user, body)];
    if (given.length === 0) {
      throw validationFailed([
        { field: 'files', message: "files: send one or more as multipart/form-data, in the field 'files'" },
      ]);
    }
    const documents: StoredDocument[] = [];
    for (const one of given) documents.push(await this.register(user, collectionId, body, one));
    this.queues.lookSoon();
    return { data: documents.map(toDocument) };
  }

  /** Null for a URL: what is there is fetched later. */
  private async given(user: Principal, { text, title: filename = '' }: DocumentsBody): Promise<Upload | null> {
    if (text === undefined) return null;
    const bytes = Readable.from([Buffer.from(text)]);
    try {
      const blob = await this.files.receive(user.workspaceId, filename, bytes, this.limits.maxBytes(user));
      const mediaType = blob.mediaType.startsWith('text/') ? blob.mediaType : 'text/plain';
      return { filename, outcome: { blob: { ...blob, mediaType } } };
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'too_large') return { filename, outcome: { error } };
      throw error;
    }
  }

  private async register(
    user: Principal,
    collectionId: string,
    body: DocumentsBody,
    upload: Upload | null,
  ): Promise<StoredDocument> {
    const document: NewDocument = {
      title: titleOf(body, upload),
      metadata: body.metadata ?? null,
      filename: upload?.filename ?? null,
      sourceUrl: body.url ?? null,
      blob: null,
      maxBytes: this.limits.maxBytes(user),
    };
    if (!upload) return this.taken(user, collectionId, document);
    if ('error' in upload.outcome) return this.registrations.refuse(user, collectionId, document, upload.outcome.error);
    return this.taken(user, collectionId, { ...document, blob: upload.outcome.blob });
  }

  private async taken(user: Principal, collectionId: string, document: NewDocument): Promise<StoredDocument> {
    const { blob } = document;
    const discard = () => (blob ? this.files.discard(blob.key) : undefined);
    try {
      const registered = await this.registrations.register(
        user,
        collectionId,
        document,
        this.limits.maxDocuments(user),
      );
      if (!registered.fresh) await discard();
      return registered.document;
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'limit') throw error;
      await discard();
      return this.registrations.refuse(user, collectionId, { ...document, blob: null }, error);
    }
  }
}

function titleOf(body: DocumentsBody, upload: Upload | null): string {
  const title = body.title ?? body.url ?? upload?.filename ?? '';
  return title.slice(0, LONGEST_TITLE).toWellFormed();
}
