import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { answerHeaders } from '../chat/native.codec';
import { IdempotencyService } from '../idempotency/idempotency.service';
import { authorize } from '../platform/common/auth/authorize';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { recorderOf } from '../platform/common/http/answer-recorder';
import { ClientGone, closedSignal } from '../platform/common/http/client-gone';
import { type Page, toPage } from '../platform/common/http/pagination';
import { requestIdOf } from '../platform/common/http/request-id';
import { SseService } from '../platform/common/http/sse.service';
import { newId } from '../platform/common/ids';
import { ReadinessChecks } from '../platform/common/readiness';
import { ProvidersService } from '../providers/providers.service';
import { CollectionsService } from '../rag/collections.service';
import { ToolsService } from '../tools/tools.service';
import { AgentsService } from './agents.service';
import { RunQueue } from './run-queue.service';
import { RunStreams } from './run-streams.service';
import { RunnerService } from './runner.service';
import { toRun, toSettings, toSummary } from './runs.codec';
import { type RunDto, type RunsQuery, type RunSummaryDto } from './runs.dto';
import { runNotFound } from './runs.errors';
import { RunsRepository } from './runs.repository';
import { type DecisionBody, type RunBody } from './runs.schema';
import { type Run, type RunSettings } from './runs.types';

/** How long a cancelled run is waited for, and how often it is looked at meanwhile. */
const CANCEL_WITHIN_MS = 5_000;
const CANCEL_POLL_MS = 50;

/** Runs: asked for, listened to, decided about, cancelled. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly idempotency: IdempotencyService,
    private readonly agents: AgentsService,
    private readonly runner: RunnerService,
    private readonly queue: RunQueue,
    private readonly streams: RunStreams,
    private readonly tools: ToolsService,
    private readonly collections: CollectionsService,
    private readonly providers: ProvidersService,
    private readonly sse: SseService,
    private readonly readiness: ReadinessChecks,
  ) {}

  /**
   * Answers when the run ends or waits; at once for one in the background. It goes on though its client leaves. A repeated
   * request whose first answer was never told joins the run that was begun.
   */
  async create(user: Principal, body: RunBody, res: Response): Promise<void> {
    const began = await this.idempotency.began(res);
    if (began) return this.join(user, began, body, res);
    const agent = body.agent === undefined ? null : await this.agents.find(user, body.agent);
    const settings = toSettings(body, agent?.definition ?? null);
    await this.check(user, settings);
    const requestId = requestIdOf(res.req);
    const wanted = {
      id: newId(),
      agentId: agent?.id ?? null,
      agentVersion: agent?.version ?? null,
      requestId,
      settings,
    };
    const owner = body.background ? null : this.runner.owner;
    const run = await this.runs.create(user, wanted, owner, (tx) => this.idempotency.begins(tx, res, wanted.id));
    if (body.background) {
      this.queue.lookSoon();
      res.status(202).json(toRun(run, []));
      return;
    }
    const segment = await this.runner.begin(run, user);
    if (body.stream) {
      await segment?.begun.catch(() => undefined); // told in the stream
      const headers = segment ? answerHeaders(segment.answer) : {};
      await this.sse.sendFrames(res, this.streams.follow(user, run.id, 0, this.gone(res)), headers);
      return;
    }
    const ended = segment ? await segment.done.catch(whereItStands) : null;
    if (segment) res.set(answerHeaders(segment.answer));
    res.status(201).json(await this.shown(ended ?? (await this.getOwned(user, run.id))));
  }

  async list(user: Principal, { status, agent_id: agentId, ...page }: RunsQuery): Promise<Page<RunSummaryDto>> {
    return toPage(await this.runs.list(user, page, { status, agentId }), page.limit, toSummary);
  }

  async get(user: Principal, id: string): Promise<RunDto> {
    return this.shown(await this.getOwned(user, id));
  }

  /** What is told after the client's last event; until it ends, or waits. */
  async resume(user: Principal, id: string, lastEventId: string | undefined, res: Response): Promise<void> {
    const after = toEventId(lastEventId);
    const run = await this.getOwned(user, id);
    const over = run.status !== 'queued' && run.status !== 'running';
    if (over && run.status !== 'waiting_for_approval' && after >= run.told) {
      res.status(204).end();
      return;
    }
    await this.sse.sendFrames(res, this.streams.follow(user, id, after, closedSignal(res)));
  }

  /** Throws `run_not_found`, `run_not_waiting`, `tool_call_not_waiting`. */
  async decide(user: Principal, id: string, body: DecisionBody): Promise<RunDto> {
    authorize(user, 'tools:use');
    if (body.arguments) await this.checkEdit(user, id, body, body.arguments);
    await this.runs.decide(user, id, {
      callId: body.call_id ?? null,
      decision: body.decision,
      reason: body.reason ?? null,
      arguments: body.arguments === undefined ? null : JSON.stringify(body.arguments),
    });
    this.queue.lookSoon();
    return this.get(user, id);
  }

  /** Resolves with the run as it ended; still running if its process does not react in time. */
  async cancel(user: Principal, id: string): Promise<RunDto> {
    await this.runs.cancel(user, id);
    const deadline = Date.now() + CANCEL_WITHIN_MS;
    for (;;) {
      const run = await this.getOwned(user, id);
      if (run.status !== 'running' || Date.now() > deadline) return this.shown(run);
      await wait(CANCEL_POLL_MS);
    }
  }

  /** As if it had begun it. */
  private async join(user: Principal, id: string, { background, stream }: RunBody, res: Response): Promise<void> {
    if (stream) return this.sse.sendFrames(res, this.streams.follow(user, id, 0, this.gone(res)));
    if (!background) await this.streams.heardOut(user, id, this.gone(res));
    res.status(background ? 202 : 201).json(await this.get(user, id));
  }

  /** An answer that is recorded is told to its end, for those who ask again. */
  private gone(res: Response): AbortSignal {
    return recorderOf(res) ? this.readiness.cut.signal : closedSignal(res);
  }

  /** Arguments are for one call, and what its tool takes. */
  private async checkEdit(user: Principal, id: string, body: DecisionBody, edited: object): Promise<void> {
    const run = await this.getOwned(user, id);
    const waiting = (await this.runs.steps([id])).flatMap((step) =>
      step.kind === 'tool_call' && step.status === 'waiting' && step.call_id === (body.call_id ?? step.call_id)
        ? [step]
        : [],
    );
    if (waiting.length > 1) {
      const message = 'call_id: several calls wait, and arguments are for one of them';
      throw validationFailed([{ field: 'call_id', message }]);
    }
    const toolset = await this.tools.matching(user, run.settings.tools);
    const tool = toolset.find(waiting[0]?.name ?? '');
    if (tool) this.tools.checkArguments(tool, JSON.stringify(edited));
  }

  /** What can't be done is refused before anything is stored. */
  private async check(user: Principal, settings: RunSettings): Promise<void> {
    const { tools, approve, collectionIds, model, fallbacks } = settings;
    this.providers.resolve(user.rules, model, fallbacks ? { fallbacks } : {});
    await this.tools.select(user, tools, 'tools');
    await this.tools.select(user, approve, 'approve');
    if (collectionIds.length > 0) authorize(user, 'documents:read');
    await Promise.all(collectionIds.map((id) => this.collections.getReadable(user, id)));
  }

  private async getOwned(user: Principal, id: string): Promise<Run> {
    const run = await this.runs.find(user, id);
    if (!run) throw runNotFound();
    return run;
  }

  private async shown(run: Run): Promise<RunDto> {
    return toRun(run, await this.runs.steps([run.id]));
  }
}

/** The process stops, or has lost the run: another carries it on. */
function whereItStands(failure: unknown): null {
  if (failure instanceof ClientGone) return null;
  throw failure;
}

function toEventId(header = '0'): number {
  if (/^\d{1,9}$/.test(header)) return Number(header);
  throw validationFailed([{ field: 'Last-Event-ID', message: 'Last-Event-ID: expected the id of an event' }]);
}
