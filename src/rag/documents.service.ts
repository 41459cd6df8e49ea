import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { type Principal } from '../platform/common/auth/principal';
import { closedSignal } from '../platform/common/http/client-gone';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { SseService } from '../platform/common/http/sse.service';
import { validationFailed } from '../platform/common/errors/validation';
import { ReadinessChecks } from '../platform/common/readiness';
import { CollectionsService } from './collections.service';
import { contentHeaders } from './content-headers';
import { DocumentEventsService } from './document-events.service';
import { DocumentFilesService } from './document-files.service';
import { toChunk, toDocument } from './documents.codec';
import {
  type ChunkDto,
  type DocumentChangeDto,
  type DocumentDto,
  type DocumentsQuery,
  type DocumentTextDto,
} from './documents.dto';
import { documentNotFound, documentNotKept, documentNotReady } from './documents.errors';
import { DocumentsRepository } from './documents.repository';
import { metadata as metadataSchema } from './documents.schema';
import { type StoredDocument } from './documents.types';
import { RagQueues } from './rag-queues.service';

/** Documents of collections: looked at, tried again, given up. */
@Injectable()
export class DocumentsService {
  constructor(
    private readonly repository: DocumentsRepository,
    private readonly collections: CollectionsService,
    private readonly files: DocumentFilesService,
    private readonly queues: RagQueues,
    private readonly events: DocumentEventsService,
    private readonly sse: SseService,
    private readonly readiness: ReadinessChecks,
  ) {}

  async list(user: Principal, collectionId: string, query: DocumentsQuery): Promise<Page<DocumentDto>> {
    await this.collections.getReadable(user, collectionId);
    return toPage(await this.repository.list(user, collectionId, query), query.limit, toDocument);
  }

  async get(user: Principal, id: string): Promise<DocumentDto> {
    return toDocument(await this.getReadable(user, id));
  }

  async update(user: Principal, id: string, { metadata }: DocumentChangeDto): Promise<DocumentDto> {
    await this.getWritable(user, id);
    const checked = metadataSchema.safeParse(metadata);
    if (!checked.success) {
      const message = `metadata: ${checked.error.issues[0]?.message ?? 'not valid'}`;
      throw validationFailed([{ field: 'metadata', message }]);
    }
    await this.repository.setMetadata(user, id, checked.data);
    return this.get(user, id);
  }

  async delete(user: Principal, id: string): Promise<void> {
    await this.getWritable(user, id);
    if (!(await this.repository.softDelete(user, id))) throw documentNotFound();
    this.queues.cleanSoon();
  }

  /** Throws `document_not_kept` for one whose file was refused. */
  async retry(user: Principal, id: string): Promise<DocumentDto> {
    const { blob_key, source_url } = await this.getWritable(user, id);
    if (blob_key === null && source_url === null) throw documentNotKept();
    await this.repository.retry(user, id);
    this.queues.lookSoon();
    return this.get(user, id);
  }

  async cancel(user: Principal, id: string): Promise<DocumentDto> {
    await this.getWritable(user, id);
    await this.repository.cancel(user, id);
    return this.get(user, id);
  }

  /** Throws `document_not_ready` while it isn't parsed. */
  async text(user: Principal, id: string): Promise<DocumentTextDto> {
    const { status, error } = await this.getReadable(user, id);
    const found = await this.repository.findText(user, id);
    if (!found)
      throw documentNotReady(status === 'failed' ? `It has no text: ${error}` : 'Its text is not extracted yet.');
    return { document_id: id, ...found };
  }

  /** Throws `document_not_ready`. */
  async chunks(user: Principal, id: string, query: PageQuery): Promise<Page<ChunkDto>> {
    const { status } = await this.getReadable(user, id);
    if (status !== 'ready') throw documentNotReady('It has chunks once it is ready.');
    return toPage(await this.repository.chunks(user, id, query), query.limit, toChunk);
  }

  /** The bytes as they came. Throws `document_not_ready` for a URL that isn't fetched yet, or a file that was refused. */
  async content(user: Principal, id: string, res: Response): Promise<void> {
    const document = await this.getReadable(user, id);
    if (document.blob_key === null) throw documentNotReady('There is no file of it: not fetched yet, or refused.');
    const bytes = await this.files.open(document.blob_key);
    res.setHeaders(new Map(Object.entries(contentHeaders(document)))); // as they are: Express would add a charset
    await pipeline(bytes, res).catch((error: unknown) => {
      if (!closedSignal(res).aborted && !res.destroyed) throw error;
    });
  }

  /** Its progress as server-sent events, until it is ready, failed or cancelled. */
  async follow(user: Principal, id: string, res: Response): Promise<void> {
    await this.getReadable(user, id);
    const gone = AbortSignal.any([closedSignal(res), this.readiness.cut.signal]);
    await this.sse.sendFrames(res, this.events.follow(user, id, gone));
  }

  private async getReadable(user: Principal, id: string): Promise<StoredDocument> {
    const document = await this.repository.findReadable(user, id);
    if (!document) throw documentNotFound();
    return document;
  }

  /** Throws `document_not_found`, and `insufficient_role` for one of a collection the caller may only read. */
  private async getWritable(user: Principal, id: string): Promise<StoredDocument> {
    const document = await this.getReadable(user, id);
    await this.collections.getWritable(user, document.collection_id);
    return document;
  }
}
