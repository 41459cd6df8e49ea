import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { Invalidations } from '../platform/database/invalidations';
import { toJsonb } from '../platform/database/jsonb';
import { type DocumentsQuery } from './documents.dto';
import { DOCUMENT_CHANGED, DOCUMENT_TAKEN, type StoredChunk, type StoredDocument } from './documents.types';
import { IndexService } from './indexes/index.service';
import { type Heading, type PageSpan } from './parsed.types';

export const SHOWN = `d.id, d.collection_id, d.title, d.version, d.current, d.status,
  (d.status = 'running' AND d.lease_expires_at < now()) AS stalled, d.step, d.progress, d.attempts, d.next_attempt_at,
  d.error_code, d.error, d.bytes, d.media_type, d.filename, d.source_url, d.blob_key, d.language, d.pages, d.chunks,
  d.tokens, d.cost_usd, d.metadata, d.created_at, d.updated_at, d.ready_at`;
/** Of the workspace $1, for the user $2. */
const READABLE = `d.workspace_id = $1 AND d.deleted_at IS NULL AND c.deleted_at IS NULL
  AND (c.access <> 'private' OR c.user_id = $2)`;
const FROM = 'FROM documents d JOIN collections c ON c.id = d.collection_id';
/** Whoever works on it is fenced off, and what it was is over. */
const AGAIN = `job_version = job_version + 1, lease_owner = NULL, lease_expires_at = NULL, step = NULL, enqueued_at = NULL,
  next_attempt_at = NULL, updated_at = now()`;
export const QUEUED_AGAIN = `status = 'queued', progress = 0, attempts = 0, error_code = NULL, error = NULL, ${AGAIN}`;

/** The tenant and the access are part of every query: what the caller may not read is simply not there. */
@Injectable()
export class DocumentsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly invalidations: Invalidations,
    private readonly indexes: IndexService,
  ) {}

  async findReadable({ workspaceId, userId }: Principal, id: string): Promise<StoredDocument | null> {
    const [found] = await this.db.query<StoredDocument[]>(`SELECT ${SHOWN} ${FROM} WHERE ${READABLE} AND d.id = $3`, [
      workspaceId,
      userId,
      id,
    ]);
    return found ?? null;
  }

  /** The same, as long as the caller belongs to the workspace: for whoever keeps reading. */
  async findReadableByMember({ workspaceId, userId }: Principal, id: string): Promise<StoredDocument | null> {
    const [found] = await this.db.query<StoredDocument[]>(
      `SELECT ${SHOWN} ${FROM} WHERE ${READABLE} AND d.id = $3
         AND EXISTS (SELECT FROM memberships WHERE workspace_id = $1 AND user_id = $2)`,
      [workspaceId, userId, id],
    );
    return found ?? null;
  }

  /** One more than the page holds, of a collection the caller may read. */
  list(
    { workspaceId, userId }: Principal,
    collectionId: string,
    { limit, after, order, status, superseded }: DocumentsQuery,
  ): Promise<StoredDocument[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<StoredDocument[]>(
      `SELECT ${SHOWN} ${FROM}
       WHERE ${READABLE} AND d.collection_id = $3 AND ($4::uuid IS NULL OR d.id ${beyond} $4)
         AND ($5::text IS NULL OR d.status = $5) AND ($6 OR d.current OR d.status <> 'ready')
       ORDER BY d.id ${direction} LIMIT $7`,
      [workspaceId, userId, collectionId, after ?? null, status ?? null, superseded, limit + 1],
    );
  }

  /** The text of a document the caller may read; null while there is none. */
  async findText(
    { workspaceId, userId }: Principal,
    id: string,
  ): Promise<{ text: string; pages: PageSpan[]; headings: Heading[] } | null> {
    const [found] = await this.db.query<{ text: string; pages: PageSpan[]; headings: Heading[] }[]>(
      `SELECT t.text, t.pages, t.headings ${FROM} JOIN document_texts t ON t.document_id = d.id
       WHERE ${READABLE} AND d.id = $3`,
      [workspaceId, userId, id],
    );
    return found ?? null;
  }

  /** One more than the page holds, of the index that answers, in the order of the text. */
  chunks({ workspaceId, userId }: Principal, id: string, { limit, after, order }: PageQuery): Promise<StoredChunk[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<StoredChunk[]>(
      `SELECT k.id, k.ordinal, k.text, k.start_at, k.end_at, k.page, k.heading_path, k.tokens
       ${FROM} JOIN collection_indexes i ON i.collection_id = c.id AND i.state = 'active'
       JOIN document_indexes p ON p.document_id = d.id AND p.index_id = i.id
       JOIN chunks k ON k.document_id = d.id AND k.index_id = i.id
       WHERE ${READABLE} AND d.id = $3
         AND ($4::uuid IS NULL OR k.ordinal ${beyond} (SELECT ordinal FROM chunks WHERE id = $4 AND document_id = d.id))
       ORDER BY k.ordinal ${direction} LIMIT $5`,
      [workspaceId, userId, id, after ?? null, limit + 1],
    );
  }

  async setMetadata({ workspaceId }: Principal, id: string, metadata: Record<string, unknown>): Promise<void> {
    await this.db.query(
      'UPDATE documents SET metadata = $3, updated_at = now() WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL',
      [workspaceId, id, toJsonb(metadata)],
    );
  }

  /** A queued or running one is cancelled at once: its worker finds that it is no longer his. Others stay as they are. */
  cancel({ workspaceId }: Principal, id: string): Promise<void> {
    return this.db.transaction(async (tx) => {
      const [, changed] = await tx.query<[unknown, number]>(
        `UPDATE documents SET status = 'cancelled', ${AGAIN}
         WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL AND status IN ('queued', 'running')`,
        [workspaceId, id],
      );
      if (changed > 0) await this.announce(tx, id, DOCUMENT_CHANGED, DOCUMENT_TAKEN);
    });
  }

  /** A failed or cancelled one begins anew, with what was parsed before. Others stay as they are. */
  retry({ workspaceId }: Principal, id: string): Promise<void> {
    return this.db.transaction(async (tx) => {
      const [, changed] = await tx.query<[unknown, number]>(
        `UPDATE documents SET ${QUEUED_AGAIN}
         WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL AND status IN ('failed', 'cancelled')`,
        [workspaceId, id],
      );
      if (changed > 0) await this.announce(tx, id, DOCUMENT_CHANGED);
    });
  }

  /**
   * Gone from every read and every search, with the versions it took the place of; rows and bytes are deleted later. False
   * when it isn't there.
   */
  softDelete({ workspaceId }: Principal, id: string): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      const [deleted] = await tx.query<[{ id: string }[], number]>(
        `UPDATE documents SET deleted_at = now(), current = false, ${AGAIN}
         WHERE deleted_at IS NULL AND id IN (
           SELECT v.id FROM documents told JOIN documents v ON v.id = told.id OR told.current
             AND v.collection_id = told.collection_id AND v.title = told.title AND v.version < told.version
           WHERE told.workspace_id = $1 AND told.id = $2 AND told.deleted_at IS NULL AND v.workspace_id = $1)
         RETURNING id`,
        [workspaceId, id],
      );
      for (const version of deleted) {
        await this.indexes.remove(tx, version.id);
        await this.announce(tx, version.id, DOCUMENT_CHANGED, DOCUMENT_TAKEN);
      }
      return deleted.length > 0;
    });
  }

  private async announce(tx: EntityManager, id: string, ...topics: string[]): Promise<void> {
    for (const topic of topics) await tx.query(...this.invalidations.announcement(topic, id));
  }
}
