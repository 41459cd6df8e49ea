import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type InTurn, inTurn } from '../platform/database/in-turn';
import { Invalidations } from '../platform/database/invalidations';
import { type INGEST, type Jobs } from '../platform/queue/queues';
import { INTERRUPTED } from './documents.errors';
import { DOCUMENT_CHANGED } from './documents.types';

/** Deaths of workers, one after the other, that a document survives. */
const MOST_ATTEMPTS = 12;
/** A row's job is made sure of again after so long. */
const SURE_FOR = `interval '30 seconds'`;
const DUE = `(enqueued_at IS NULL OR enqueued_at < now() - ${SURE_FOR}) AND (next_attempt_at IS NULL OR next_attempt_at <= now())`;

const WAITING = { table: 'documents', waiting: `status = 'queued' AND deleted_at IS NULL` };

export type WaitingDocument = InTurn<Jobs[typeof INGEST]>;

/** Rows that wait for a worker. Of several processes that look at once each sees others. */
@Injectable()
export class WaitingRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  /** Documents whose worker died wait again; one that outlived too many failed. Returns how many. */
  takeOver(): Promise<number> {
    return this.db.transaction(async (tx) => {
      const [rows] = await tx.query<[{ id: string }[], number]>(
        `UPDATE documents SET status = CASE WHEN attempts < $1 THEN 'queued' ELSE 'failed' END,
           error_code = CASE WHEN attempts < $1 THEN error_code ELSE $2 END,
           error = CASE WHEN attempts < $1 THEN error ELSE $3 END,
           job_version = job_version + 1, lease_owner = NULL, lease_expires_at = NULL, step = NULL, enqueued_at = NULL,
           updated_at = now()
         WHERE id IN (SELECT id FROM documents WHERE status = 'running' AND lease_expires_at < now() AND deleted_at IS NULL
           ORDER BY lease_expires_at LIMIT 500 FOR UPDATE SKIP LOCKED)
         RETURNING id`,
        [MOST_ATTEMPTS, INTERRUPTED.code, INTERRUPTED.message],
      );
      for (const { id } of rows) await tx.query(...this.invalidations.announcement(DOCUMENT_CHANGED, id));
      return rows.length;
    });
  }

  /** Queued documents of whose jobs nobody made sure for a while; they are marked as if somebody did now. */
  async documents(most: number): Promise<WaitingDocument[]> {
    const [rows] = await this.db.query<[Jobs[typeof INGEST][], number]>(
      `UPDATE documents SET enqueued_at = now()
       WHERE id IN (SELECT id FROM documents WHERE status = 'queued' AND deleted_at IS NULL AND ${DUE}
         ORDER BY enqueued_at NULLS FIRST, id LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING id AS "documentId", job_version AS "jobVersion"`,
      [most],
    );
    return inTurn(this.db, WAITING, rows, ({ documentId }) => documentId);
  }

  /** Indexes that are to be built. One that failed for good has neither attempts left nor a time for the next. */
  async indexes(most: number): Promise<{ indexId: string }[]> {
    const [rows] = await this.db.query<[{ indexId: string }[], number]>(
      `UPDATE collection_indexes SET enqueued_at = now()
       WHERE id IN (SELECT i.id FROM collection_indexes i JOIN collections c ON c.id = i.collection_id
         WHERE i.state = 'building' AND c.deleted_at IS NULL AND (i.error_code IS NULL OR i.next_attempt_at IS NOT NULL)
           AND (i.enqueued_at IS NULL OR i.enqueued_at < now() - ${SURE_FOR})
           AND (i.next_attempt_at IS NULL OR i.next_attempt_at <= now())
         ORDER BY i.enqueued_at NULLS FIRST, i.id LIMIT $1 FOR UPDATE OF i SKIP LOCKED)
       RETURNING id AS "indexId"`,
      [most],
    );
    return rows;
  }

  /** Their jobs could not be made: they are looked at again soon. */
  async forget(documentIds: readonly string[], indexIds: readonly string[]): Promise<void> {
    await this.db.query('UPDATE documents SET enqueued_at = NULL WHERE id = ANY ($1)', [documentIds]);
    await this.db.query('UPDATE collection_indexes SET enqueued_at = NULL WHERE id = ANY ($1)', [indexIds]);
  }
}
