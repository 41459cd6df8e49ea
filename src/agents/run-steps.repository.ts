import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type ModelStep, type ToolCall } from '../chat/tool-loop.types';
import { ClientGone } from '../platform/common/http/client-gone';
import { formatUsd, type PicoUsd } from '../platform/common/money';
import { toJsonb } from '../platform/database/jsonb';
import { type FinishReason, type TokenUsage } from '../providers/providers.types';
import { type SideEffects, type ToolResult } from '../tools/tools.types';
import { CANCELLED, LEASE } from './runs.repository';
import { type Hold, type Run, type RunError, type RunStatus, type StoredResult } from './runs.types';

/** A call of a tool as it is stored before it is executed. */
export interface NewCall extends Omit<ToolCall, 'id'> {
  /** Its idempotency key. */
  id: string;
  /** As the model named it. */
  callId: string;
  sideEffects: SideEffects | null;
  /** Of the tool; null for one that is not there. */
  revision: string | null;
  idempotent: boolean;
  /** Whether it waits for somebody's approval. */
  waits: boolean;
}

/** Where events stand in the stream of a run. */
export interface Told {
  /** Of the last event that was told. */
  told: number;
  /** Of results that were told, by the id of their call. */
  results: ReadonlyMap<string, number>;
  /** Of calls that were told to wait for a decision. */
  approvals: ReadonlyMap<string, number>;
}

/** How far the run is with a call of the model. */
export interface Progress {
  /** Of the call: the number of its first event, and what all of them said. */
  firstEvent: number;
  lengths: readonly number[];
  /** Of the whole run so far. */
  elapsedMs: number;
  usage: TokenUsage;
  total: PicoUsd | null;
}

export interface RunEnd {
  status: RunStatus;
  stopReason: Run['stop_reason'];
  finishReason: FinishReason | null;
  output: string | null;
  error: RunError | null;
  usage: TokenUsage;
  cost: PicoUsd | null;
  elapsedMs: number;
  /** Seconds until a decision is no longer waited for. */
  decideWithinS: number | null;
}

/** Another process carries the run on, or it is no longer there: whoever hears this stops. */
export class HoldLost extends ClientGone {
  override name = 'HoldLost';
  override message = 'another process carries the run on';
}

/** What a run does, step by step; what is written twice counts once. Written only by the process that holds it; all others are refused with HoldLost. */
@Injectable()
export class RunStepsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /** A call of the model that is complete, and the calls of tools it made. */
  said(
    hold: Hold,
    step: Pick<ModelStep, 'parts' | 'provider' | 'model' | 'usage' | 'cost' | 'durationMs'> & { id: string },
    status: 'complete' | 'partial',
    calls: readonly NewCall[],
    { firstEvent, lengths, elapsedMs, usage, total, ...told }: Told & Progress,
  ): Promise<void> {
    return this.held(hold, async (tx, { workspace_id }) => {
      await this.tellEvents(tx, hold, told);
      const cost = step.cost === null ? null : formatUsd(step.cost);
      await tx.query(
        `INSERT INTO agent_steps (id, run_id, workspace_id, seq, kind, status, parts, provider, model, usage, cost_usd, first_event,
           event_lengths, duration_ms)
         VALUES ($1, $2, $3, ${NEXT_SEQ}, 'model_call', $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
        [
          step.id,
          hold.runId,
          workspace_id,
          status,
          toJsonb(step.parts),
          step.provider,
          step.model,
          toJsonb(step.usage),
          cost,
          firstEvent,
          lengths,
          step.durationMs,
        ],
      );
      for (const call of calls) {
        await tx.query(
          `INSERT INTO agent_steps (id, run_id, workspace_id, seq, kind, status, call_id, name, arguments, side_effects, idempotent, wait_reason, revision)
           VALUES ($1, $2, $3, ${NEXT_SEQ}, 'tool_call', $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`,
          [
            call.id,
            hold.runId,
            workspace_id,
            call.waits ? 'waiting' : 'pending',
            storable(call.callId),
            storable(call.name),
            storable(call.arguments),
            call.sideEffects,
            call.idempotent,
            call.waits ? 'approval' : null,
            call.revision,
          ],
        );
      }
      await tx.query('UPDATE agent_runs SET usage = $2, cost_usd = $3, elapsed_ms = $4, deaths = 0 WHERE id = $1', [
        hold.runId,
        toJsonb(usage),
        total === null ? null : formatUsd(total),
        elapsedMs,
      ]);
    });
  }

  /** It is about to be executed. */
  claim(hold: Hold, id: string): Promise<void> {
    return this.held(hold, async (tx) => {
      await tx.query(
        `UPDATE agent_steps SET status = 'running', started_at = now() WHERE id = $1 AND status = 'pending'`,
        [id],
      );
    });
  }

  /** It was executed, or was not to be. */
  done(hold: Hold, id: string, { cost, durationMs, ...result }: ToolResult, total: PicoUsd | null): Promise<void> {
    const stored: StoredResult = { content: result.content, isError: result.isError, truncated: result.truncated };
    return this.held(hold, async (tx) => {
      await tx.query(
        `UPDATE agent_steps SET status = 'complete', result = $2, cost_usd = $3, duration_ms = $4 WHERE id = $1`,
        [id, toJsonb(stored), cost === null ? null : formatUsd(cost), durationMs],
      );
      await tx.query('UPDATE agent_runs SET cost_usd = $2, deaths = 0 WHERE id = $1', [
        hold.runId,
        total === null ? null : formatUsd(total),
      ]);
    });
  }

  /** How the segment ended. */
  end(hold: Hold, end: RunEnd, told: Told): Promise<void> {
    return this.held(hold, async (tx) => {
      await this.tellEvents(tx, hold, told);
      await tx.query(
        `UPDATE agent_runs SET status = $2, stop_reason = $3, finish_reason = $4, output = coalesce($5, output), error = $6, usage = $7,
           cost_usd = $8, elapsed_ms = $9, told = $10, lease_owner = NULL, lease_expires_at = NULL,
           decide_by = now() + make_interval(secs => $11),
           finished_at = CASE WHEN $2 = 'waiting_for_approval' THEN NULL ELSE now() END
         WHERE id = $1`,
        [
          hold.runId,
          end.status,
          end.stopReason,
          end.finishReason,
          end.output === null ? null : storable(end.output),
          end.error && toJsonb(end.error),
          toJsonb(end.usage),
          end.cost === null ? null : formatUsd(end.cost),
          end.elapsedMs,
          told.told,
          end.decideWithinS,
        ],
      );
      // Who cancels a run just when it comes to wait has cancelled it.
      await tx.query(
        `UPDATE agent_runs SET ${CANCELLED} WHERE id = $1 AND status = 'waiting_for_approval' AND cancel_requested`,
        [hold.runId],
      );
    });
  }

  private async tellEvents(tx: EntityManager, { runId }: Hold, { told, results, approvals }: Told): Promise<void> {
    const events = [...results, ...approvals].map(([call, event]) => ({ call, event }));
    if (events.length > 0) {
      await tx.query(
        `UPDATE agent_steps SET first_event = told.event FROM jsonb_to_recordset($2::jsonb) AS told (call text, event int)
         WHERE run_id = $1 AND call_id = told.call`,
        [runId, toJsonb(events)],
      );
    }
    await tx.query('UPDATE agent_runs SET told = greatest(told, $2) WHERE id = $1', [runId, told]);
  }

  /** Throws HoldLost. */
  private held(
    { runId, owner, segment }: Hold,
    write: (tx: EntityManager, run: { workspace_id: string }) => Promise<void>,
  ): Promise<void> {
    return this.db.transaction(async (tx) => {
      const [[run]] = await tx.query<[{ workspace_id: string }[], number]>(
        `UPDATE agent_runs SET lease_expires_at = ${LEASE} WHERE id = $1 AND lease_owner = $2 AND segment = $3 AND status = 'running'
         RETURNING workspace_id`,
        [runId, owner, segment],
      );
      if (!run) throw new HoldLost();
      await write(tx, run);
    });
  }
}

const NEXT_SEQ = '(SELECT coalesce(max(seq), 0) + 1 FROM agent_steps WHERE run_id = $2)';

/** Text that PostgreSQL takes. */
const storable = (text: string) => text.toWellFormed().replaceAll('\0', '\uFFFD');
