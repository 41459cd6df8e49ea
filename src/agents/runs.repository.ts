import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { Invalidations } from '../platform/database/invalidations';
import { toJsonb } from '../platform/database/jsonb';
import { type Transaction } from '../platform/database/transaction';
import { NO_USAGE } from '../providers/providers.types';
import { runNotFound, runNotWaiting, toolCallNotWaiting } from './runs.errors';
import { type Run, type RunSettings, type RunStatus, type RunStep, type Verdict } from './runs.types';

/** A run not renewed for so long belongs to a dead process. */
export const LEASE = `now() + interval '5 seconds'`;
/** Told with the id of a run that is to be cancelled. */
export const CANCEL_RUN = 'cancel-run';

/** What becomes of a run that no process carries on. */
export const CANCELLED = `status = 'cancelled', stop_reason = 'cancelled', finished_at = now(), decide_by = NULL`;

export const RUN = `id, workspace_id, user_id, api_key_id, agent_id, agent_version, request_id, settings, status, stop_reason,
  finish_reason, output, error, usage, cost_usd::text, elapsed_ms, job_version, segment, log_base, told, resumed, decide_by,
  created_at, started_at, finished_at`;
const STEP = `id, seq, kind, status, parts, provider, model, usage, cost_usd::text, call_id, name, arguments, side_effects,
  wait_reason, decision, decided_arguments, decision_reason, decided_by, revision, result, first_event, event_lengths, duration_ms, created_at`;

export interface NewRun {
  id: string;
  agentId: string | null;
  agentVersion: number | null;
  requestId: string;
  settings: RunSettings;
}

/** Runs as their users see them. The tenant and the user are part of every query. */
@Injectable()
export class RunsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  /**
   * @param owner the process that begins it at once; null for one that waits for a worker
   * @param also what is stored together with it
   */
  create(user: Principal, run: NewRun, owner: string | null, also: (tx: Transaction) => Promise<void>): Promise<Run> {
    return this.db.transaction(async (tx) => {
      await also(tx);
      return this.insert(tx, user, run, owner);
    });
  }

  private async insert(tx: Transaction, user: Principal, run: NewRun, owner: string | null): Promise<Run> {
    const [created] = await tx.query<[Run]>(
      `INSERT INTO agent_runs (id, workspace_id, user_id, api_key_id, agent_id, agent_version, request_id, settings, usage, cost_usd,
         status, lease_owner, lease_expires_at, segment, started_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11::uuid, CASE WHEN $11::uuid IS NOT NULL THEN ${LEASE} END,
         CASE WHEN $11::uuid IS NULL THEN 0 ELSE 1 END, CASE WHEN $11::uuid IS NOT NULL THEN now() END)
       RETURNING ${RUN}`,
      [
        run.id,
        user.workspaceId,
        user.userId,
        user.apiKeyId,
        run.agentId,
        run.agentVersion,
        run.requestId,
        toJsonb(run.settings),
        toJsonb(NO_USAGE),
        owner ? 'running' : 'queued',
        owner,
      ],
    );
    return created;
  }

  async find({ workspaceId, userId }: Principal, id: string): Promise<Run | null> {
    const [run] = await this.db.query<Run[]>(
      `SELECT ${RUN} FROM agent_runs WHERE id = $1 AND workspace_id = $2 AND user_id = $3`,
      [id, workspaceId, userId],
    );
    return run ?? null;
  }

  /** One more than `limit` rows. */
  list(
    { workspaceId, userId }: Principal,
    { limit, after, order }: PageQuery,
    { status, agentId }: { status?: RunStatus | undefined; agentId?: string | undefined },
  ): Promise<Run[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query(
      `SELECT ${RUN} FROM agent_runs WHERE workspace_id = $1 AND user_id = $2
         AND ($3::uuid IS NULL OR id ${beyond} $3) AND ($4::text IS NULL OR status = $4) AND ($5::uuid IS NULL OR agent_id = $5)
       ORDER BY id ${direction} LIMIT $6`,
      [workspaceId, userId, after ?? null, status ?? null, agentId ?? null, limit + 1],
    );
  }

  /** Of runs that were found, in their order. */
  steps(runIds: readonly string[]): Promise<(RunStep & { run_id: string })[]> {
    return this.db.query(`SELECT run_id, ${STEP} FROM agent_steps WHERE run_id = ANY ($1) ORDER BY run_id, seq`, [
      runIds,
    ]);
  }

  /**
   * Decides about calls that wait; when none is left, the run is queued. All or nothing. A call whose outcome is unknown is
   * approved with the arguments it was executed with. Throws `run_not_found`,
   * `run_not_waiting`, `tool_call_not_waiting`.
   */
  decide(user: Principal, id: string, { callId, decision, reason, arguments: edited }: Verdict): Promise<void> {
    return this.db.transaction(async (tx) => {
      const [run] = await tx.query<Pick<Run, 'status'>[]>(
        'SELECT status FROM agent_runs WHERE id = $1 AND workspace_id = $2 AND user_id = $3 FOR UPDATE',
        [id, user.workspaceId, user.userId],
      );
      if (!run) throw runNotFound();
      if (run.status !== 'waiting_for_approval') throw runNotWaiting(run.status);
      const [, count] = await tx.query<[unknown, number]>(
        `UPDATE agent_steps SET status = 'pending', first_event = NULL, decision = $3, decision_reason = $4, decided_by = $6,
           decided_arguments = CASE WHEN $3 = 'approve' THEN decided_arguments ELSE $5 END
         WHERE run_id = $1 AND status = 'waiting' AND ($2::text IS NULL OR call_id = $2)`,
        [id, callId, decision, reason, edited, user.userId],
      );
      if (count === 0) throw toolCallNotWaiting(callId ?? '');
      await tx.query(
        `UPDATE agent_runs SET status = 'queued', job_version = job_version + 1, enqueued_at = NULL, decide_by = NULL
         WHERE id = $1 AND NOT EXISTS (SELECT FROM agent_steps WHERE run_id = $1 AND status = 'waiting')`,
        [id],
      );
    });
  }

  /** One nobody carries on is cancelled at once, else its process is asked to. One that has ended is left as it is. */
  async cancel({ workspaceId, userId }: Principal, id: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const [[asked]] = await tx.query<[Pick<Run, 'status'>[], number]>(
        `UPDATE agent_runs SET cancel_requested = true
         WHERE id = $1 AND workspace_id = $2 AND user_id = $3 AND status IN ('queued', 'running', 'waiting_for_approval')
         RETURNING status`,
        [id, workspaceId, userId],
      );
      if (asked?.status === 'running') await tx.query(...this.invalidations.announcement(CANCEL_RUN, id));
      else if (asked) await tx.query(`UPDATE agent_runs SET ${CANCELLED}, told = told + 1 WHERE id = $1`, [id]);
    });
  }

  /** What nobody decided about in time. Returns how many. */
  async expire(): Promise<number> {
    const error = { code: 'approval_expired', message: 'Nobody decided about its tool calls in time.' };
    const [, count] = await this.db.query<[unknown, number]>(
      `UPDATE agent_runs SET ${CANCELLED}, told = told + 1, error = $1
       WHERE status = 'waiting_for_approval' AND decide_by < now()`,
      [toJsonb(error)],
    );
    return count;
  }

  /** For the process that carried it on. */
  async load(id: string): Promise<Run> {
    const [run] = await this.db.query<Run[]>(`SELECT ${RUN} FROM agent_runs WHERE id = $1`, [id]);
    if (!run) throw runNotFound();
    return run;
  }
}
