import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { Parameters } from './indexes/parameters';
import { visibleDocuments } from './indexes/visible';
import { type FoundChunk, type Scope } from './search.types';

/** A collection the caller may read, with the index it answers from; without one it has nothing to answer. */
export interface ReadableCollection {
  id: string;
  index: { id: string; model: string; dimensions: number | null } | null;
}

type Found = Omit<FoundChunk, 'score' | 'textScore' | 'vectorScore'>;

const READABLE = "c.workspace_id = $1 AND c.deleted_at IS NULL AND (c.access <> 'private' OR c.user_id = $2)";
/** How many documents are named that will be found later. */
const MOST_NOT_READY = 100;

@Injectable()
export class RetrievalRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** Those of the collections that the caller may read. */
  async findReadable(
    { workspaceId, userId }: Principal,
    collectionIds: readonly string[],
  ): Promise<ReadableCollection[]> {
    const rows = await this.db.query<
      { id: string; index_id: string | null; embedding_model: string; dimensions: number | null }[]
    >(
      `SELECT c.id, i.id AS index_id, embedding_model, dimensions FROM collections c
       LEFT JOIN collection_indexes i ON i.collection_id = c.id AND i.workspace_id = c.workspace_id AND i.state = 'active'
       WHERE ${READABLE} AND c.id = ANY ($3::uuid[])`,
      [workspaceId, userId, collectionIds],
    );
    return rows.map(({ id, index_id, embedding_model: model, dimensions }) => ({
      id,
      index: index_id === null ? null : { id: index_id, model, dimensions },
    }));
  }

  /** All collections the caller may read, the newest first. */
  async findReadableIds({ workspaceId, userId }: Principal, limit: number): Promise<string[]> {
    const rows = await this.db.query<{ id: string }[]>(
      `SELECT c.id FROM collections c WHERE ${READABLE} ORDER BY c.id DESC LIMIT $3`,
      [workspaceId, userId, limit],
    );
    return rows.map(({ id }) => id);
  }

  /** The chunks a search may still see, in no order. */
  async findChunks(scope: Scope, chunkIds: readonly string[]): Promise<Found[]> {
    const parameters = new Parameters();
    return this.db.query<Found[]>(
      `SELECT k.id AS "chunkId", k.document_id AS "documentId", visible.collection_id AS "collectionId", title,
         source_url AS url, text, blanks, page, ordinal, start_at AS start, end_at AS end, heading_path AS "headingPath"
       FROM chunks k
       JOIN (${visibleDocuments(scope, parameters)}) AS visible USING (document_id, index_id)
       JOIN documents ON documents.id = k.document_id
       WHERE k.id = ANY (${parameters.add(chunkIds)}::uuid[])`,
      parameters.values,
    );
  }

  /** Documents waiting or being read in these collections, the newest first. */
  findNotReady(
    { workspaceId, userId }: Principal,
    collectionIds: readonly string[],
  ): Promise<{ id: string; title: string; status: string }[]> {
    return this.db.query(
      `SELECT d.id, d.title, d.status FROM documents d JOIN collections c ON c.id = d.collection_id
       WHERE ${READABLE} AND c.id = ANY ($3::uuid[]) AND d.workspace_id = $1 AND d.deleted_at IS NULL
         AND d.status IN ('queued', 'running')
       ORDER BY d.id DESC LIMIT ${MOST_NOT_READY}`,
      [workspaceId, userId, collectionIds],
    );
  }
}
