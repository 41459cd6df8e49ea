import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { type DomainError } from '../platform/common/errors/domain.error';
import { newId } from '../platform/common/ids';
import { toJsonb } from '../platform/database/jsonb';
import { collectionNotFound } from './collections.errors';
import { QUEUED_AGAIN, SHOWN } from './documents.repository';
import { tooManyDocuments } from './documents.errors';
import { type NewDocument, type StoredDocument } from './documents.types';

/** Of a workspace, so many of the files that were refused are told; older ones are forgotten. */
const MOST_REFUSED = 1_000;

/** What a registration came to. `fresh`: its blob is now the document's; else nobody needs it. */
export interface Registered {
  document: StoredDocument;
  fresh: boolean;
}

/**
 * Makes documents. Those of one workspace take turns, so that the same bytes that come twice at once become one document,
 * and no more are made than the tier allows.
 */
@Injectable()
export class RegistrationsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /**
   * The document with these bytes, or from this URL and still on its way, when the collection has it as the newest version
   * of its title; a failed or cancelled one begins anew, with these bytes. Else a new version of the title, with the
   * metadata of the one before unless it brings its own.
   * Throws `collection_not_found`, `too_many_documents`.
   */
  register(
    principal: Principal,
    collectionId: string,
    document: NewDocument,
    maxDocuments: number | null,
  ): Promise<Registered> {
    return this.db.transaction(async (tx) => {
      await lock(tx, principal, collectionId);
      const same = await findSame(tx, principal, collectionId, document);
      if (same) {
        const again = same.status === 'failed' || same.status === 'cancelled';
        if (again) {
          await assertRoom(tx, principal, maxDocuments, 0);
          await restart(tx, principal, same.id, document.blob?.key ?? null);
        }
        return { document: await get(tx, principal, same.id), fresh: again };
      }
      await assertRoom(tx, principal, maxDocuments, 1);
      const id = await insert(tx, principal, collectionId, document, null);
      await tx.query('DELETE FROM loose_blobs WHERE key = $1', [document.blob?.key ?? null]);
      return { document: await get(tx, principal, id), fresh: true };
    });
  }

  /** A `failed` document that says why its file was not taken. */
  refuse(
    principal: Principal,
    collectionId: string,
    document: NewDocument,
    reason: DomainError,
  ): Promise<StoredDocument> {
    return this.db.transaction(async (tx) => {
      await lock(tx, principal, collectionId);
      const id = await insert(tx, principal, collectionId, document, reason);
      await tx.query(
        `DELETE FROM documents WHERE id IN (SELECT id FROM documents
           WHERE workspace_id = $1 AND blob_key IS NULL AND source_url IS NULL ORDER BY id DESC OFFSET ${MOST_REFUSED})`,
        [principal.workspaceId],
      );
      return get(tx, principal, id);
    });
  }
}

/** The bytes it has give way to those that came now, which are the same, if they are still there. */
async function restart(
  tx: EntityManager,
  { workspaceId }: Principal,
  id: string,
  blobKey: string | null,
): Promise<void> {
  if (blobKey !== null) {
    await tx.query(
      `INSERT INTO loose_blobs (key, delete_after) SELECT blob_key, now() FROM documents
       WHERE workspace_id = $1 AND id = $2 AND blob_key IS NOT NULL
       ON CONFLICT (key) DO UPDATE SET delete_after = excluded.delete_after`,
      [workspaceId, id],
    );
    await tx.query('DELETE FROM loose_blobs WHERE key = $1', [blobKey]);
  }
  await tx.query(
    `UPDATE documents SET blob_key = coalesce($3, blob_key), ${QUEUED_AGAIN} WHERE workspace_id = $1 AND id = $2`,
    [workspaceId, id, blobKey],
  );
}

async function lock(tx: EntityManager, { workspaceId }: Principal, collectionId: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`documents ${workspaceId}`]);
  const [found] = await tx.query<unknown[]>(
    'SELECT 1 FROM collections WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL FOR SHARE',
    [workspaceId, collectionId],
  );
  if (!found) throw collectionNotFound();
}

/** Older versions of a title don't count: who sends one again wants it to be the newest. */
async function findSame(
  tx: EntityManager,
  { workspaceId }: Principal,
  collectionId: string,
  { blob, sourceUrl }: NewDocument,
): Promise<Pick<StoredDocument, 'id' | 'status'> | null> {
  const [found] = await tx.query<Pick<StoredDocument, 'id' | 'status'>[]>(
    `SELECT d.id, d.status FROM documents d
     WHERE d.workspace_id = $1 AND d.collection_id = $2 AND d.deleted_at IS NULL
       AND ${blob ? 'd.sha256 = $3' : `d.source_url = $3 AND d.status IN ('queued', 'running')`}
       AND NOT EXISTS (SELECT FROM documents n WHERE n.collection_id = d.collection_id AND n.title = d.title
         AND n.version > d.version AND n.deleted_at IS NULL AND n.status IN ('queued', 'running', 'ready'))
     ORDER BY d.id DESC LIMIT 1`,
    [workspaceId, collectionId, blob ? blob.sha256 : sourceUrl],
  );
  return found ?? null;
}

/** Every document that has bytes, or will have, counts. */
async function assertRoom(
  tx: EntityManager,
  { workspaceId }: Principal,
  maxDocuments: number | null,
  more: number,
): Promise<void> {
  if (maxDocuments === null) return;
  const [{ count }] = await tx.query<[{ count: number }]>(
    `SELECT count(*)::int AS count FROM documents d JOIN collections c ON c.id = d.collection_id
     WHERE d.workspace_id = $1 AND d.deleted_at IS NULL AND c.deleted_at IS NULL
       AND (d.blob_key IS NOT NULL OR d.source_url IS NOT NULL)`,
    [workspaceId],
  );
  if (count + more > maxDocuments) throw tooManyDocuments(maxDocuments);
}

async function insert(
  tx: EntityManager,
  { workspaceId, userId, apiKeyId }: Principal,
  collectionId: string,
  { title, metadata, filename, sourceUrl, blob, maxBytes }: NewDocument,
  refused: DomainError | null,
): Promise<string> {
  const id = newId();
  await tx.query(
    `INSERT INTO documents (id, workspace_id, collection_id, user_id, api_key_id, title, version, status, error_code, error,
       sha256, bytes, media_type, filename, source_url, blob_key, max_bytes, metadata)
     SELECT $1, $2, $3, $4, $5, $6, coalesce(max(version), 0) + 1, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
       coalesce($17::jsonb, (SELECT metadata FROM documents
         WHERE collection_id = $3 AND title = $6 AND deleted_at IS NULL ORDER BY version DESC LIMIT 1), '{}')
     FROM documents WHERE collection_id = $3 AND title = $6`,
    [
      id,
      workspaceId,
      collectionId,
      userId,
      apiKeyId,
      title,
      refused ? 'failed' : 'queued',
      refused?.code ?? null,
      refused?.message ?? null,
      blob?.sha256 ?? null,
      blob?.bytes ?? null,
      blob?.mediaType ?? null,
      filename,
      sourceUrl,
      blob?.key ?? null,
      maxBytes,
      metadata && toJsonb(metadata),
    ],
  );
  return id;
}

async function get(tx: EntityManager, { workspaceId }: Principal, id: string): Promise<StoredDocument> {
  const [found] = await tx.query<StoredDocument[]>(
    `SELECT ${SHOWN} FROM documents d WHERE d.workspace_id = $1 AND d.id = $2`,
    [workspaceId, id],
  );
  if (!found) throw new Error(`document ${id} is gone within its transaction`);
  return found;
}
