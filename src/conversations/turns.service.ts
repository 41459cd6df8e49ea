import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type ChatRequest } from '../chat/chat.types';
import { type Ending, type Generation, GenerationsService } from '../chat/generations.service';
import { errorFrame, modelOf } from '../chat/native.codec';
import { type Principal } from '../platform/common/auth/principal';
import { DomainError } from '../platform/common/errors/domain.error';
import { logFailure } from '../platform/common/errors/exception.filter';
import { toProblem } from '../platform/common/errors/problem';
import { every } from '../platform/common/every';
import { Cancelled } from '../platform/common/http/client-gone';
import { newId } from '../platform/common/ids';
import { Invalidations } from '../platform/database/invalidations';
import { retryWhileAway } from '../platform/database/retry';
import { StreamLogs } from '../platform/store/store.types';
import { UpstreamError } from '../providers/providers.errors';
import { conversationNotFound } from './conversations.errors';
import { type StoredMessage } from './message.entity';
import { toOutcome } from './outcome.codec';
import { replay, type Said, withTail } from './replay.codec';
import { type BegunTurn, CANCEL, type Question, TurnsRepository } from './turns.repository';

const CHECKPOINT_MS = 1_000;
const SWEEP_MS = 1_000;
const RENEWED_WITHIN_MS = 3_000;
const FINISH_WITHIN_MS = 10_000;
const NOTHING: Said = { parts: [], citations: [], eventLengths: [], provider: null, model: null };

/** An answer of a conversation, being written. */
export type RunningTurn = Generation<StoredMessage>;

/**
 * Runs turns so that nothing said is lost: question and running answer are stored before the model is called, what has
 * been said is checkpointed every second, and the final status is stored before the last event is told.
 */
@Injectable()
export class TurnsService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(TurnsService.name);
  private readonly owner = newId();
  /** By message; null before the model is asked. */
  private readonly running = new Map<string, RunningTurn | null>();
  private upkeep: (() => void)[] = [];
  /** Whether the last look for expired leases failed. */
  private away = false;
  private sweepFrom = 0;

  constructor(
    private readonly repository: TurnsRepository,
    private readonly generations: GenerationsService,
    private readonly logs: StreamLogs,
    private readonly invalidations: Invalidations,
  ) {}

  async onModuleInit(): Promise<void> {
    // One that is not heard is found by the next checkpoint.
    this.invalidations.on(CANCEL, (id) => {
      if (id) this.cancel(id);
    });
    await this.sweep();
    this.upkeep = [
      every(CHECKPOINT_MS, this.logger, () => this.checkpoint()),
      every(SWEEP_MS, this.logger, async () => {
        await this.sweep();
      }),
    ];
  }

  beforeApplicationShutdown(): void {
    for (const end of this.upkeep) end();
  }

  /**
   * Stores the question and the running answer, and begins to write it. Throws `conversation_not_found`,
   * `turn_in_progress`.
   */
  async start(
    user: Principal,
    conversationId: string,
    question: (history: StoredMessage[]) => Question,
    toRequest: (turn: BegunTurn) => ChatRequest,
    requestId: string,
  ): Promise<RunningTurn> {
    const turn = await this.begin(user, conversationId, question);
    const { messageId } = turn;
    this.running.set(messageId, null);
    try {
      const identity = { message_id: messageId, conversation_id: conversationId };
      const end = (written: RunningTurn, failure: unknown) => this.end(written, failure, requestId);
      const generation = this.generations.start(user, toRequest(turn), { requestId, identity }, end);
      this.running.set(messageId, generation);
      return generation;
    } catch (error) {
      this.running.delete(messageId);
      await this.repository.discardTurn(messageId);
      throw error;
    }
  }

  /** A turn that seems to be in progress may be one that a dead process left. */
  private async begin(
    user: Principal,
    conversationId: string,
    question: (history: StoredMessage[]) => Question,
  ): Promise<BegunTurn> {
    const begin = () => {
      const ids = { question: newId(), answer: newId() };
      return this.repository.beginTurn(user, conversationId, question, ids, this.owner);
    };
    try {
      return await begin();
    } catch (error) {
      const inProgress = error instanceof DomainError && error.code === 'turn_in_progress';
      if (!inProgress || (await this.sweep(conversationId)) === 0) throw error;
      return begin();
    }
  }

  /** Stores how the answer ended. What can't be stored is told nevertheless. */
  private async end(
    { id, answer, lengths }: RunningTurn,
    failure: unknown,
    requestId: string,
  ): Promise<Ending<StoredMessage>> {
    // Before any checkpoint could bring an older text back.
    this.running.delete(id);
    if (failure) logFailure(this.logger, failure);
    const failed = (error: unknown) => ({
      frames: [errorFrame(lengths.length + 1, toProblem(error, requestId).error)],
      failure: error,
    });
    try {
      if (wasRefused(failure) && !answer.began) {
        await this.repository.discardTurn(id);
        return failed(failure);
      }
      const outcome = { ...toOutcome(answer, failure, requestId), eventLengths: [...lengths] };
      const stored = await retryWhileAway(() => this.repository.finishTurn(id, outcome), FINISH_WITHIN_MS);
      if (!stored) return failed(conversationNotFound()); // its workspace was deleted meanwhile
      const frames = replay(stored, lengths.length, requestId);
      return failure === null || failure instanceof Cancelled ? { frames, result: stored } : { frames, failure };
    } catch (error) {
      logFailure(this.logger, error);
      return failed(error);
    }
  }

  private cancel(id: string): void {
    this.generations.abort(id, new Cancelled());
  }

  private async checkpoint(): Promise<void> {
    const said = [...this.running].map(([id, turn]) => ({ id, ...(turn ? saidBy(turn) : NOTHING) }));
    if (said.length === 0) return;
    for (const id of await this.repository.checkpoint(this.owner, said)) this.cancel(id);
  }

  /** After the database was away every lease has run out: those who live get the time to renew theirs. */
  private async expired(conversationId: string | null): ReturnType<TurnsRepository['expired']> {
    try {
      const expired = await this.repository.expired([...this.running.keys()], conversationId);
      if (this.away) this.sweepFrom = Date.now() + RENEWED_WITHIN_MS;
      this.away = false;
      return Date.now() < this.sweepFrom ? [] : expired;
    } catch (error) {
      this.away = true;
      throw error;
    }
  }

  /** Finishes what dead processes left, with what their logs still hold. Returns how many answers. */
  private async sweep(conversationId: string | null = null): Promise<number> {
    let count = 0;
    for (const { id, ...stored } of await this.expired(conversationId)) {
      const tail = await this.logs.read(id, stored.eventLengths.length).catch((error: unknown) => {
        logFailure(this.logger, error); // what is stored has to do
        return [];
      });
      const frames = tail.map(({ data }) => data);
      if (await this.repository.abandon(id, withTail(stored, frames))) count++;
    }
    if (count > 0) this.logger.warn(`marked ${count} answers of a stopped process as partial`);
    return count;
  }
}

const saidBy = ({ answer, lengths }: RunningTurn): Said => ({
  parts: answer.content.parts(),
  citations: answer.citations,
  eventLengths: lengths,
  provider: answer.provider,
  model: modelOf(answer),
});

/** Refused by us before any provider was asked: the request can't be answered as it is, and leaves no trace. */
const wasRefused = (failure: unknown) =>
  failure instanceof DomainError && !(failure instanceof UpstreamError) && !failure.kind.startsWith('upstream');
