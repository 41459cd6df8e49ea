import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type InTurn, inTurn } from '../platform/database/in-turn';
import { toJsonb } from '../platform/database/jsonb';
import { type AGENT_RUN, type Jobs } from '../platform/queue/queues';
import { CANCELLED, LEASE, RUN } from './runs.repository';
import { type Run } from './runs.types';

/** More events than a process tells in the time in which it is found to be dead. */
const GAP = 100_000;
/** Processes that die one after the other without a step between them: it may be the run that kills them. */
const MOST_DEATHS = 5;
const DEADLY = { code: 'interrupted', message: 'The server stopped several times while it was at this step.' };
const SURE_FOR = `interval '30 seconds'`;

/**
 * A run goes back to the queue, its stream on with numbers no event had. A tool that was being executed is executed again
 * where that does no harm; else somebody has to decide.
 */
const REQUEUED = `status = 'queued', lease_owner = NULL, lease_expires_at = NULL, job_version = job_version + 1, enqueued_at = NULL,
  deaths = deaths + 1, told = told + ${GAP}, resumed = resumed || (told + ${GAP})`;
const UNKNOWN = `UPDATE agent_steps SET
    status = CASE WHEN side_effects = 'writes' AND NOT idempotent THEN 'waiting' ELSE 'pending' END,
    wait_reason = CASE WHEN side_effects = 'writes' AND NOT idempotent THEN 'outcome_unknown' ELSE wait_reason END,
    decision = CASE WHEN side_effects = 'writes' AND NOT idempotent THEN NULL ELSE decision END
  WHERE run_id = ANY ($1) AND status = 'running'`;

const WAITING = { table: 'agent_runs', waiting: `status = 'queued'` };

export type WaitingRun = InTurn<Jobs[typeof AGENT_RUN]>;

/** Which process carries which run on. Of several that look at once each sees others. */
@Injectable()
export class RunLeasesRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** Null when another has taken it, or it need not be carried on. */
  async take(id: string, owner: string): Promise<Run | null> {
    const [[taken]] = await this.db.query<[Run[], number]>(
      `UPDATE agent_runs SET status = 'running', lease_owner = $2, lease_expires_at = ${LEASE}, segment = segment + 1,
         log_base = told, started_at = coalesce(started_at, now())
       WHERE id = $1 AND status = 'queued' RETURNING ${RUN}`,
      [id, owner],
    );
    return taken ?? null;
  }

  /** Keeps the leases of a process. @returns those it still holds, and whether they are to be cancelled */
  async renew(owner: string, runs: { id: string; told: number }[]): Promise<Map<string, boolean>> {
    const [kept] = await this.db.query<[{ id: string; cancel_requested: boolean }[], number]>(
      `UPDATE agent_runs SET lease_expires_at = ${LEASE}, told = greatest(agent_runs.told, live.told)
       FROM jsonb_to_recordset($2::jsonb) AS live (id uuid, told int)
       WHERE agent_runs.id = live.id AND lease_owner = $1 AND status = 'running'
       RETURNING agent_runs.id, cancel_requested`,
      [owner, JSON.stringify(runs)],
    );
    return new Map(kept.map(({ id, cancel_requested }) => [id, cancel_requested]));
  }

  /** The process stops: another may go on at once. */
  release(id: string, owner: string, told: number): Promise<void> {
    return this.db.transaction(async (tx) => {
      const [, count] = await tx.query<[unknown, number]>(
        `UPDATE agent_runs SET told = greatest(told, $3), deaths = deaths - 1 WHERE id = $1 AND lease_owner = $2 AND status = 'running'`,
        [id, owner, told],
      );
      if (count > 0) await this.requeue(tx, [id]);
    });
  }

  /** Runs of dead processes go back to the queue. Returns how many. */
  takeOver(): Promise<number> {
    return this.db.transaction(async (tx) => {
      const dead = await tx.query<{ id: string }[]>(
        `SELECT id FROM agent_runs WHERE status = 'running' AND lease_expires_at < now()
         ORDER BY lease_expires_at LIMIT 500 FOR UPDATE SKIP LOCKED`,
      );
      if (dead.length === 0) return 0;
      const ids = dead.map(({ id }) => id);
      await this.requeue(tx, ids);
      await tx.query(
        `UPDATE agent_runs SET status = 'failed', stop_reason = 'error', error = $2, finished_at = now(), told = told + 1
         WHERE id = ANY ($1) AND status = 'queued' AND deaths >= $3`,
        [ids, toJsonb(DEADLY), MOST_DEATHS],
      );
      return dead.length;
    });
  }

  /** Queued runs of whose jobs nobody made sure for a while; they are marked as if somebody did now. */
  async queued(most: number): Promise<WaitingRun[]> {
    const [rows] = await this.db.query<[Jobs[typeof AGENT_RUN][], number]>(
      `UPDATE agent_runs SET enqueued_at = now()
       WHERE id IN (SELECT id FROM agent_runs WHERE status = 'queued' AND (enqueued_at IS NULL OR enqueued_at < now() - ${SURE_FOR})
         ORDER BY enqueued_at NULLS FIRST, id LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING id AS "runId", job_version AS "jobVersion"`,
      [most],
    );
    return inTurn(this.db, WAITING, rows, ({ runId }) => runId);
  }

  /** Its job came to a process that stops: it needs another, under an id that is not taken. */
  async leave(id: string): Promise<void> {
    await this.db.query(
      `UPDATE agent_runs SET enqueued_at = NULL, job_version = job_version + 1 WHERE id = $1 AND status = 'queued'`,
      [id],
    );
  }

  /** Their jobs could not be made. */
  async forget(ids: readonly string[]): Promise<void> {
    await this.db.query('UPDATE agent_runs SET enqueued_at = NULL WHERE id = ANY ($1)', [ids]);
  }

  /** Results that were stored but perhaps not told are told anew, before anything else. What was to be cancelled is. */
  private async requeue(tx: EntityManager, ids: readonly string[]): Promise<void> {
    await tx.query(`UPDATE agent_runs SET ${REQUEUED} WHERE id = ANY ($1)`, [ids]);
    await tx.query(UNKNOWN, [ids]);
    await tx.query(
      `WITH late AS (
         SELECT s.id, r.told + row_number() OVER (PARTITION BY s.run_id ORDER BY s.seq) AS event
         FROM agent_steps s JOIN agent_runs r ON r.id = s.run_id
         WHERE s.run_id = ANY ($1) AND s.kind = 'tool_call' AND s.status = 'complete' AND s.first_event IS NULL)
       UPDATE agent_steps SET first_event = late.event FROM late WHERE agent_steps.id = late.id`,
      [ids],
    );
    await tx.query(
      `UPDATE agent_runs SET told = greatest(told, (SELECT max(first_event) FROM agent_steps WHERE run_id = agent_runs.id))
       WHERE id = ANY ($1)`,
      [ids],
    );
    await tx.query(`UPDATE agent_runs SET ${CANCELLED}, told = told + 1 WHERE id = ANY ($1) AND cancel_requested`, [
      ids,
    ]);
  }
}
