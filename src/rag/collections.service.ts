import { Injectable } from '@nestjs/common';
import { hasRole } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { type Chunking } from './chunks.types';
import { toCollection } from './collections.codec';
import { type CollectionChangeDto, type CollectionDto, type NewCollectionDto } from './collections.dto';
import { collectionNotFound, collectionReadOnly, notCollectionOwner } from './collections.errors';
import { CollectionsRepository } from './collections.repository';
import { type CollectionChange, type IndexSettings, type StoredCollection } from './collections.types';
import { EmbedderService } from './embedder.service';
import { RagQueues } from './rag-queues.service';

const DEFAULT_MODEL = 'local/hash-384';
const DEFAULT_CHUNKING: Chunking = { strategy: 'recursive', size: 512, overlap: 64 };

/** Collections of documents: who has access to them, and how they are indexed. */
@Injectable()
export class CollectionsService {
  constructor(
    private readonly repository: CollectionsRepository,
    private readonly embedder: EmbedderService,
    private readonly queues: RagQueues,
  ) {}

  async create(user: Principal, { name, access = 'private', ...index }: NewCollectionDto): Promise<CollectionDto> {
    const settings = this.settings(user, index, DEFAULT_MODEL, DEFAULT_CHUNKING);
    return toCollection(await this.repository.create(user, { name, access, index: settings }));
  }

  async list(user: Principal, query: PageQuery): Promise<Page<CollectionDto>> {
    return toPage(await this.repository.list(user, query), query.limit, toCollection);
  }

  async get(user: Principal, id: string): Promise<CollectionDto> {
    return toCollection(await this.getReadable(user, id));
  }

  /** Who may write to it changes its name and how it is indexed; who may see it, only those it belongs to. */
  async update(user: Principal, id: string, change: CollectionChangeDto): Promise<CollectionDto> {
    const after = await this.repository.update(user, id, (before) => this.changeOf(user, before, change));
    if (!after) throw collectionNotFound();
    if (after.building) this.queues.lookSoon();
    return toCollection(after);
  }

  async delete(user: Principal, id: string): Promise<void> {
    const collection = await this.getReadable(user, id);
    if (!owns(user, collection)) throw notCollectionOwner();
    if (!(await this.repository.softDelete(user, collection))) throw collectionNotFound();
    this.queues.cleanSoon();
  }

  /** Throws `collection_not_found`. */
  async getReadable(user: Principal, id: string): Promise<StoredCollection> {
    const collection = await this.repository.findReadable(user, id);
    if (!collection) throw collectionNotFound();
    return collection;
  }

  /** Throws `collection_not_found`, and `insufficient_role` for one the caller may only read. */
  async getWritable(user: Principal, id: string): Promise<StoredCollection> {
    const collection = await this.getReadable(user, id);
    if (!mayWrite(user, collection)) throw collectionReadOnly();
    return collection;
  }

  private changeOf(user: Principal, before: StoredCollection, change: CollectionChangeDto): CollectionChange {
    const { name, access, embedding_model, chunking } = change;
    if (!mayWrite(user, before)) throw collectionReadOnly();
    if (access !== undefined && access !== before.access && !owns(user, before)) throw notCollectionOwner();
    const latest = before.building ?? before;
    const anew = embedding_model !== undefined || chunking !== undefined;
    return {
      ...(name === undefined ? {} : { name }),
      ...(access === undefined ? {} : { access }),
      ...(anew ? { index: this.settings(user, change, latest.embedding_model, latest.chunking) } : {}),
    };
  }

  /** Throws `model_not_found`, `model_not_allowed`, `validation_failed`. */
  private settings(
    user: Principal,
    { embedding_model, chunking = {} }: Pick<CollectionChangeDto, 'embedding_model' | 'chunking'>,
    model: string,
    { strategy, size, overlap }: Chunking,
  ): IndexSettings {
    const embeddingModel = this.embedder.nameOf(user, embedding_model ?? model);
    const merged: Chunking = {
      strategy: chunking.strategy ?? strategy,
      size: chunking.size ?? size,
      overlap: chunking.overlap ?? Math.min(overlap, Math.floor((chunking.size ?? size) / 8)),
    };
    if (merged.overlap > merged.size / 2) {
      const message = 'chunking.overlap must not be more than half of chunking.size';
      throw validationFailed([{ field: 'chunking.overlap', message }]);
    }
    return { embeddingModel, dimensions: this.embedder.dimensionsOf(embeddingModel), chunking: merged };
  }
}

const owns = ({ userId, role }: Principal, { user_id }: StoredCollection): boolean =>
  userId === user_id || hasRole(role, 'admin');

const mayWrite = (user: Principal, collection: StoredCollection): boolean =>
  collection.access !== 'read_only' || owns(user, collection);
