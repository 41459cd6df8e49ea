import { setTimeout as wait } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ChatService, type Origin } from '../chat/chat.service';
import { type Answer, type ChatEvent, type ChatRequest } from '../chat/chat.types';
import { modelOf } from '../chat/native.codec';
import { type Principal } from '../platform/common/auth/principal';
import { DomainError } from '../platform/common/errors/domain.error';
import { every } from '../platform/common/every';
import { asDomainError } from '../platform/common/errors/problem';
import { ClientGone } from '../platform/common/http/client-gone';
import { ReadinessChecks } from '../platform/common/readiness';
import { newId } from '../platform/common/ids';
import { formatUsd } from '../platform/common/money';
import { retryWhileAway } from '../platform/database/retry';
import { UpstreamError } from '../providers/providers.errors';
import { type StoredMessage } from './message.entity';
import { type BegunTurn, type Question, type TurnOutcome, TurnsRepository } from './turns.repository';

const CHECKPOINT_MS = 1_000;
const SWEEP_MS = 2_000;
const FINISH_WITHIN_MS = 10_000;

/** An answer being written: its events, and the stored message once it is over. */
export interface PlayedTurn {
  messageId: string;
  answer: Answer;
  events: AsyncIterable<ChatEvent>;
  stored(): StoredMessage | null;
}

/**
 * Runs turns so that nothing said is lost: question and running answer are stored before the model is called, what has
 * been said is checkpointed every second, and the final status is stored before the last event leaves.
 */
@Injectable()
export class TurnsService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(TurnsService.name);
  private readonly owner = newId();
  private readonly running = new Map<string, Answer | null>();
  private upkeep: (() => void)[] = [];

  constructor(
    private readonly repository: TurnsRepository,
    private readonly chat: ChatService,
    private readonly readiness: ReadinessChecks,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.sweep();
    this.upkeep = [
      every(CHECKPOINT_MS, this.logger, () => this.checkpoint()),
      every(SWEEP_MS, this.logger, () => this.sweep()),
    ];
  }

  /** Sockets are closed by now; answers under way are being aborted and still have to be stored. */
  async beforeApplicationShutdown(): Promise<void> {
    const deadline = Date.now() + FINISH_WITHIN_MS;
    while (this.running.size > 0 && Date.now() < deadline) await wait(20);
    for (const end of this.upkeep) end();
  }

  /** Stores the question and the running answer. Throws `conversation_not_found`, `turn_in_progress`. */
  async begin(
    principal: Principal,
    conversationId: string,
    question: (history: StoredMessage[]) => Question,
  ): Promise<BegunTurn> {
    const ids = { question: newId(), answer: newId() };
    const turn = await this.repository.beginTurn(principal, conversationId, question, ids, this.owner, [
      ...this.running.keys(),
    ]);
    this.running.set(turn.messageId, null);
    return turn;
  }

  /** Plays a turn that was begun. Its events must be iterated: the turn ends when the iteration does. */
  play(
    { messageId }: BegunTurn,
    principal: Principal,
    request: ChatRequest,
    origin: Origin,
    gone: AbortSignal,
  ): PlayedTurn {
    const { events, answer } = this.chat.start(principal, request, { ...origin, messageId }, gone);
    this.running.set(messageId, answer);
    let stored: StoredMessage | null = null;
    const finish = async (outcome: TurnOutcome) => {
      stored = await retryWhileAway(() => this.repository.finishTurn(messageId, outcome), FINISH_WITHIN_MS);
    };
    return { messageId, answer, events: this.record(messageId, events, answer, finish), stored: () => stored };
  }

  private async *record(
    messageId: string,
    events: AsyncIterable<ChatEvent>,
    answer: Answer,
    finish: (outcome: TurnOutcome) => Promise<void>,
  ): AsyncGenerator<ChatEvent> {
    let end: ChatEvent | null = null;
    let failure: unknown = new ClientGone(); // unless we learn otherwise, the reader stopped reading
    try {
      for await (const event of events) {
        if (event.type === 'finish') end = event;
        else yield event;
      }
      failure = null;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      // Before any checkpoint could bring an older text back.
      this.running.delete(messageId);
      if (wasRefused(failure)) await this.repository.discardTurn(messageId);
      else await finish(outcomeOf(answer, failure, this.readiness.cutting));
    }
    if (end) yield end;
  }

  private async checkpoint(): Promise<void> {
    const said = [...this.running].map(([id, answer]) => ({ id, parts: answer?.content.parts() ?? [] }));
    if (said.length > 0) await this.repository.checkpoint(this.owner, said);
  }

  private async sweep(): Promise<void> {
    const count = await this.repository.abandonExpired([...this.running.keys()]);
    if (count > 0) this.logger.warn(`marked ${count} answers of a stopped process as partial`);
  }
}

/** Refused by us before any provider was asked: the request can't be answered as it is, and leaves no trace. */
const wasRefused = (failure: unknown) => failure instanceof DomainError && !(failure instanceof UpstreamError);

function outcomeOf(answer: Answer, failure: unknown, stopping: boolean): TurnOutcome {
  const { content, provider, usage, cost, latencyMs, ttftMs, began } = answer;
  const status =
    failure === null ? 'complete' : began ? 'partial' : failure instanceof ClientGone ? 'cancelled' : 'failed';
  return {
    status,
    parts: content.parts(),
    model: modelOf(answer),
    provider,
    finishReason: content.finishReason(),
    usage,
    costUsd: cost === null ? null : formatUsd(cost),
    unpriced: usage !== null && cost === null,
    latencyMs,
    ttftMs,
    error: failure === null ? null : told(failure, stopping),
  };
}

function told(failure: unknown, stopping: boolean): { code: string; message: string } {
  if (failure instanceof ClientGone) {
    return stopping
      ? { code: 'interrupted', message: 'The server stopped while the answer was being written.' }
      : { code: 'client_closed', message: 'The client went away before the answer was complete.' };
  }
  const known = asDomainError(failure);
  return known
    ? { code: known.code, message: known.message }
    : { code: 'internal_error', message: 'Something went wrong on our side.' };
}
