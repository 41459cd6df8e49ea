import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { formatUsd, type PicoUsd } from '../platform/common/money';
import { Invalidations } from '../platform/database/invalidations';
import {
  DOCUMENT_CHANGED,
  type DocumentJob,
  type Indexed,
  type ReceivedBlob,
  type Step,
  type TargetIndex,
} from './documents.types';
import { IndexService } from './indexes/index.service';
import { type ParsedDocument } from './parsed.types';

/** A worker that says nothing for so long is dead. */
const LEASE = `interval '15 seconds'`;
/** The row is still his who has the job. */
const MINE = `id = $1 AND job_version = $2 AND status = 'running' AND deleted_at IS NULL`;
const OVER = `job_version = job_version + 1, lease_owner = NULL, lease_expires_at = NULL, step = NULL, enqueued_at = NULL,
  updated_at = now()`;

type Mine = Pick<DocumentJob, 'id' | 'jobVersion'>;
/** `language` as ISO 639-1 code; null when it is not clear. */
export type StoredText = Pick<ParsedDocument, 'text' | 'pages' | 'headings'> & { language: string | null };

/** What a worker does to the rows of documents. Each statement asks whether the row is still his, and says so. */
@Injectable()
export class IngestionRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly invalidations: Invalidations,
    private readonly indexes: IndexService,
  ) {}

  /** Takes a queued document; null when the job is outdated. */
  async claim(id: string, jobVersion: number, owner: string): Promise<DocumentJob | null> {
    const [[claimed]] = await this.db.query<[DocumentJob[], number]>(
      `UPDATE documents d SET status = 'running', lease_owner = $3, lease_expires_at = now() + ${LEASE},
         attempts = attempts + 1, next_attempt_at = NULL, error_code = NULL, error = NULL, progress = 0, updated_at = now()
       FROM collections c
       WHERE d.id = $1 AND d.job_version = $2 AND d.status = 'queued' AND d.deleted_at IS NULL
         AND c.id = d.collection_id AND c.deleted_at IS NULL
       RETURNING d.id, d.job_version AS "jobVersion", d.workspace_id AS "workspaceId", d.collection_id AS "collectionId",
         d.user_id AS "userId", d.api_key_id AS "apiKeyId", d.title, d.attempts, d.filename, d.media_type AS "mediaType",
         d.blob_key AS "blobKey", d.source_url AS "sourceUrl", d.max_bytes::float8 AS "maxBytes",
         d.created_at AS "createdAt",
         EXISTS (SELECT FROM document_texts t WHERE t.document_id = d.id) AS parsed`,
      [id, jobVersion, owner],
    );
    if (!claimed) return null;
    await this.announce(id);
    return claimed;
  }

  /** Renews the leases of one process. Returns the documents that are still its own. */
  async renew(owner: string, jobs: readonly Mine[]): Promise<string[]> {
    const [rows] = await this.db.query<[{ id: string }[], number]>(
      `UPDATE documents d SET lease_expires_at = now() + ${LEASE}
       FROM unnest($2::uuid[], $3::int[]) AS j (id, job_version), collections c
       WHERE d.id = j.id AND d.job_version = j.job_version AND d.lease_owner = $1 AND d.status = 'running'
         AND d.deleted_at IS NULL AND c.id = d.collection_id AND c.deleted_at IS NULL
       RETURNING d.id`,
      [owner, jobs.map(({ id }) => id), jobs.map(({ jobVersion }) => jobVersion)],
    );
    return rows.map(({ id }) => id);
  }

  async progress({ id, jobVersion }: Mine, step: Step, percent: number): Promise<void> {
    await this.db.query(`UPDATE documents SET step = $3, progress = greatest(progress, $4) WHERE ${MINE}`, [
      id,
      jobVersion,
      step,
      percent,
    ]);
    await this.announce(id);
  }

  /** What was fetched from its URL is now the document's; false when that is no longer wanted. */
  async setBlob({ id, jobVersion }: Mine, blob: ReceivedBlob, filename: string): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      const [, updated] = await tx.query<[unknown, number]>(
        `UPDATE documents SET blob_key = $3, bytes = $4, sha256 = $5, media_type = $6, filename = $7 WHERE ${MINE}`,
        [id, jobVersion, blob.key, blob.bytes, blob.sha256, blob.mediaType, filename],
      );
      if (updated > 0) await tx.query('DELETE FROM loose_blobs WHERE key = $1', [blob.key]);
      return updated > 0;
    });
  }

  /** Kept, so that what was parsed once never is again; false when that is no longer wanted. */
  async setText({ id, jobVersion }: Mine, { text, pages, headings, language }: StoredText): Promise<boolean> {
    const stored = await this.db.query<unknown[]>(
      `WITH mine AS (UPDATE documents SET pages = $4, language = $7 WHERE ${MINE} RETURNING id)
       INSERT INTO document_texts (document_id, text, pages, headings)
       SELECT id, $3, $5::jsonb, $6::jsonb FROM mine
       ON CONFLICT (document_id) DO UPDATE SET text = EXCLUDED.text, pages = EXCLUDED.pages, headings = EXCLUDED.headings
       RETURNING 1`,
      [id, jobVersion, text, pages.at(-1)?.page ?? null, JSON.stringify(pages), JSON.stringify(headings), language],
    );
    return stored.length > 0;
  }

  async getText(id: string): Promise<StoredText> {
    const [found] = await this.db.query<StoredText[]>(
      'SELECT text, t.pages, headings, language FROM document_texts t JOIN documents d ON d.id = document_id WHERE d.id = $1',
      [id],
    );
    if (!found) throw new Error(`document ${id} has no text`);
    return found;
  }

  /** The index that answers; null when the collection is gone. */
  async findActive({ workspaceId, collectionId }: DocumentJob): Promise<TargetIndex | null> {
    const [found] = await this.db.query<TargetIndex[]>(
      `SELECT i.id, i.workspace_id AS "workspaceId", i.collection_id AS "collectionId",
         i.embedding_model AS "embeddingModel", i.dimensions, i.chunking
       FROM collection_indexes i JOIN collections c ON c.id = i.collection_id
       WHERE c.workspace_id = $1 AND c.id = $2 AND c.deleted_at IS NULL AND i.state = 'active'`,
      [workspaceId, collectionId],
    );
    return found ?? null;
  }

  /** What was spent on it stays spent, whatever becomes of it. @param cost null: not known */
  async addCost(id: string, cost: PicoUsd | null): Promise<void> {
    await this.db.query('UPDATE documents SET cost_usd = cost_usd + $2::numeric WHERE id = $1', [
      id,
      cost === null ? null : formatUsd(cost),
    ]);
  }

  /** Instead of what was added so far. @param cost null: not known */
  async setCost(id: string, cost: PicoUsd | null): Promise<void> {
    await this.db.query('UPDATE documents SET cost_usd = $2 WHERE id = $1', [
      id,
      cost === null ? null : formatUsd(cost),
    ]);
  }

  /**
   * The document is ready and searched from now on, and the version before is not, in one moment. A version that is older
   * than what is searched becomes ready without being searched.
   * @returns `elsewhere` when another index answers by now, which it is not in yet; `lost` when the row is no longer his
   */
  publish(job: DocumentJob, indexId: string, { chunks, tokens }: Indexed): Promise<'done' | 'elsewhere' | 'lost'> {
    const { id, jobVersion, workspaceId, collectionId } = job;
    return this.db.transaction(async (tx) => {
      const [index] = await tx.query<{ id: string }[]>(
        `SELECT i.id FROM collections c JOIN collection_indexes i ON i.collection_id = c.id AND i.state = 'active'
         WHERE c.workspace_id = $1 AND c.id = $2 AND c.deleted_at IS NULL FOR NO KEY UPDATE OF c`,
        [workspaceId, collectionId],
      );
      if (!index) return 'lost';
      if (index.id !== indexId) return 'elsewhere';
      const [mine] = await tx.query<{ newer: boolean }[]>(
        `SELECT EXISTS (SELECT FROM documents n WHERE n.collection_id = d.collection_id AND n.title = d.title
           AND n.current AND n.deleted_at IS NULL AND n.version > d.version) AS newer
         FROM documents d WHERE ${MINE} FOR NO KEY UPDATE`,
        [id, jobVersion],
      );
      if (!mine) return 'lost';
      if (mine.newer) await this.indexes.remove(tx, id);
      else {
        const [older] = await tx.query<[{ id: string }[], number]>(
          `UPDATE documents SET current = false, updated_at = now()
           WHERE collection_id = $1 AND title = $2 AND current AND deleted_at IS NULL RETURNING id`,
          [collectionId, job.title],
        );
        for (const version of older) {
          await this.indexes.remove(tx, version.id);
          await tx.query(...this.invalidations.announcement(DOCUMENT_CHANGED, version.id));
        }
      }
      await tx.query(
        `UPDATE documents SET status = 'ready', current = $3, progress = 100, ready_at = now(), chunks = $4, tokens = $5,
           attempts = 0, ${OVER}
         WHERE ${MINE}`,
        [id, jobVersion, !mine.newer, chunks, tokens],
      );
      if (!mine.newer) await this.indexes.publish(tx, indexId, id);
      await tx.query(...this.invalidations.announcement(DOCUMENT_CHANGED, id));
      return 'done';
    });
  }

  /** It failed, for good. What was written of it is of no use to anybody. */
  async fail({ id, jobVersion }: Mine, { code, message }: { code: string; message: string }): Promise<void> {
    await this.db.transaction(async (tx) => {
      const [, updated] = await tx.query<[unknown, number]>(
        `UPDATE documents SET status = 'failed', error_code = $3, error = $4, ${OVER} WHERE ${MINE}`,
        [id, jobVersion, code, message],
      );
      if (updated === 0) return;
      await this.indexes.remove(tx, id);
      await tx.query(...this.invalidations.announcement(DOCUMENT_CHANGED, id));
    });
  }

  /** What its worker wrote of a document that was cancelled meanwhile is of no use to anybody. */
  async clear(id: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const sql = `SELECT 1 FROM documents WHERE id = $1 AND status = 'cancelled' FOR NO KEY UPDATE`;
      if ((await tx.query<unknown[]>(sql, [id])).length > 0) await this.indexes.remove(tx, id);
    });
  }

  /** It is tried again `afterMs` from now, and says why that is needed. */
  async postpone({ id, jobVersion }: Mine, why: { code: string; message: string }, afterMs: number): Promise<void> {
    await this.db.query(
      `UPDATE documents SET status = 'queued', error_code = $3, error = $4, ${OVER},
         next_attempt_at = now() + make_interval(secs => $5::float8 / 1000)
       WHERE ${MINE}`,
      [id, jobVersion, why.code, why.message, afterMs],
    );
    await this.announce(id);
  }

  /** Given back by a process that stops: as if it had not been taken. */
  async release({ id, jobVersion }: Mine): Promise<void> {
    await this.db.query(`UPDATE documents SET status = 'queued', attempts = attempts - 1, ${OVER} WHERE ${MINE}`, [
      id,
      jobVersion,
    ]);
    await this.announce(id);
  }

  private async announce(id: string): Promise<void> {
    await this.db.query(...this.invalidations.announcement(DOCUMENT_CHANGED, id));
  }
}
