import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { hasRole } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import {
  type BuildingIndex,
  type CollectionChange,
  type IndexSettings,
  type StoredCollection,
} from './collections.types';

const SHOWN = `SELECT c.id, c.name, c.user_id, c.access, c.created_at, c.updated_at,
    a.embedding_model, a.dimensions, a.chunking, d.documents,
    CASE WHEN b.id IS NOT NULL THEN jsonb_build_object('embedding_model', b.embedding_model, 'chunking', b.chunking,
      'error_code', b.error_code, 'error', b.error, 'next_attempt_at', b.next_attempt_at, 'indexed',
      (SELECT count(*) FROM document_indexes i JOIN documents d ON d.id = i.document_id
       WHERE i.index_id = b.id AND d.current AND d.deleted_at IS NULL)) END AS building
  FROM collections c
  JOIN collection_indexes a ON a.collection_id = c.id AND a.state = 'active'
  LEFT JOIN collection_indexes b ON b.collection_id = c.id AND b.state = 'building'
  CROSS JOIN LATERAL (SELECT count(*)::int AS documents FROM documents d
    WHERE d.collection_id = c.id AND d.current AND d.deleted_at IS NULL) d`;
/**
 * Of the workspace $1, for the user $2, whom it lets administer if $3: those see what nobody else could see to any more,
 * the private collections of people who left. Their documents are read only after the access was changed.
 */
const READABLE = `c.workspace_id = $1 AND c.deleted_at IS NULL AND (c.access <> 'private' OR c.user_id = $2
  OR ($3 AND NOT EXISTS (SELECT FROM memberships m WHERE m.workspace_id = c.workspace_id AND m.user_id = c.user_id)))`;
const reader = ({ workspaceId, userId, role }: Principal) => [workspaceId, userId, hasRole(role, 'admin')];

/** The tenant and the access are part of every query: what the caller may not read is simply not there. */
@Injectable()
export class CollectionsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly audit: AuditService,
  ) {}

  create(principal: Principal, { name, access, index }: Required<CollectionChange>): Promise<StoredCollection> {
    const { workspaceId, userId } = principal;
    return this.db.transaction(async (tx) => {
      const id = newId();
      await tx.query('INSERT INTO collections (id, workspace_id, user_id, name, access) VALUES ($1, $2, $3, $4, $5)', [
        id,
        workspaceId,
        userId,
        name,
        access,
      ]);
      await addIndex(tx, principal, id, 'active', index);
      return getReadable(tx, principal, id);
    });
  }

  findReadable(principal: Principal, id: string): Promise<StoredCollection | null> {
    return findReadable(this.db.manager, principal, id);
  }

  /** One more than the page holds. */
  list(principal: Principal, { limit, after, order }: PageQuery): Promise<StoredCollection[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<StoredCollection[]>(
      `${SHOWN} WHERE ${READABLE} AND ($4::uuid IS NULL OR c.id ${beyond} $4) ORDER BY c.id ${direction} LIMIT $5`,
      [...reader(principal), after ?? null, limit + 1],
    );
  }

  /**
   * Changes it; null when it isn't there any more. Another way to index begins to be built beside the one that answers,
   * in place of what was being built; the one that answers ends that.
   * @param change is given the collection as it stands, which nobody else changes meanwhile; throws to refuse
   */
  update(
    principal: Principal,
    id: string,
    change: (before: StoredCollection) => CollectionChange,
  ): Promise<StoredCollection | null> {
    return this.db.transaction(async (tx) => {
      await lockCollection(tx, principal.workspaceId, id);
      const before = await findReadable(tx, principal, id);
      if (!before) return null;
      const { name, access, index } = change(before);
      await tx.query(
        `UPDATE collections SET name = coalesce($3, name), access = coalesce($4, access), updated_at = now()
         WHERE workspace_id = $1 AND id = $2`,
        [principal.workspaceId, id, name ?? null, access ?? null],
      );
      if (index) await rebuild(tx, principal, before, index);
      const after = await getReadable(tx, principal, id);
      const changes = changesOf(before, after, ['access']);
      const target = { type: 'collection', id };
      const action = 'collection.access_changed';
      await this.audit.record(tx, principal, { action, workspaceId: principal.workspaceId, target, changes });
      return after;
    });
  }

  /** Gone from every read; what it holds is deleted later. False when it isn't there. */
  softDelete(principal: Principal, before: StoredCollection): Promise<boolean> {
    const { workspaceId } = principal;
    const { id } = before;
    return this.db.transaction(async (tx) => {
      const [, deleted] = await tx.query<[unknown, number]>(
        'UPDATE collections SET deleted_at = now() WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL',
        [workspaceId, id],
      );
      if (deleted === 0) return false;
      const changes = changesOf(before, null, ['name', 'access']);
      const target = { type: 'collection', id };
      await this.audit.record(tx, principal, { action: 'collection.deleted', workspaceId, target, changes });
      return true;
    });
  }
}

/** What changes a collection, or what is searched in it, takes turns on its row. */
const lockCollection = (tx: EntityManager, workspaceId: string, id: string): Promise<unknown> =>
  tx.query('SELECT 1 FROM collections WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [workspaceId, id]);

async function findReadable(db: EntityManager, principal: Principal, id: string): Promise<StoredCollection | null> {
  const [found] = await db.query<StoredCollection[]>(`${SHOWN} WHERE ${READABLE} AND c.id = $4`, [
    ...reader(principal),
    id,
  ]);
  return found ?? null;
}

async function getReadable(tx: EntityManager, principal: Principal, id: string): Promise<StoredCollection> {
  // Its own change took it from the caller's sight when an admin makes another's collection private.
  const [found] = await tx.query<StoredCollection[]>(`${SHOWN} WHERE c.workspace_id = $1 AND c.id = $2`, [
    principal.workspaceId,
    id,
  ]);
  if (!found) throw new Error(`collection ${id} is gone within its transaction`);
  return found;
}

const addIndex = (
  tx: EntityManager,
  { workspaceId, userId, apiKeyId }: Principal,
  collectionId: string,
  state: 'active' | 'building',
  { embeddingModel, dimensions, chunking }: IndexSettings,
): Promise<unknown> =>
  tx.query(
    `INSERT INTO collection_indexes
       (id, workspace_id, collection_id, state, embedding_model, dimensions, chunking, user_id, api_key_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [newId(), workspaceId, collectionId, state, embeddingModel, dimensions, JSON.stringify(chunking), userId, apiKeyId],
  );

/** One that is being built like that already goes on, also after it had failed. */
async function rebuild(
  tx: EntityManager,
  principal: Principal,
  { id, building, ...active }: StoredCollection,
  index: IndexSettings,
): Promise<void> {
  const built = [principal.workspaceId, id];
  const OF_BUILDING = `WHERE workspace_id = $1 AND collection_id = $2 AND state = 'building'`;
  if (building && sameIndex(building, index)) {
    await tx.query(
      `UPDATE collection_indexes SET attempts = 0, next_attempt_at = NULL, error_code = NULL, error = NULL, enqueued_at = NULL
       ${OF_BUILDING}`,
      built,
    );
    return;
  }
  await tx.query(`UPDATE collection_indexes SET state = 'retired' ${OF_BUILDING}`, built);
  if (!sameIndex(active, index)) await addIndex(tx, principal, id, 'building', index);
}

const sameIndex = (
  { embedding_model, chunking: { strategy, size, overlap } }: Pick<BuildingIndex, 'embedding_model' | 'chunking'>,
  { embeddingModel, chunking }: IndexSettings,
): boolean =>
  embedding_model === embeddingModel &&
  strategy === chunking.strategy &&
  size === chunking.size &&
  overlap === chunking.overlap;
