import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { toGeneration } from '../chat/generation.codec';
import { answerHeaders } from '../chat/native.codec';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { recorderOf } from '../platform/common/http/answer-recorder';
import { closedSignal } from '../platform/common/http/client-gone';
import { requestIdOf } from '../platform/common/http/request-id';
import { SseService } from '../platform/common/http/sse.service';
import { ReadinessChecks } from '../platform/common/readiness';
import { ProvidersService } from '../providers/providers.service';
import { AnswerStreams, pacedFrames, type Reader } from './answer-streams.service';
import { toMessage } from './conversations.codec';
import { type MessageDto, type TurnAnswerDto } from './conversations.dto';
import { type TurnBody } from './conversations.schema';
import { ConversationsService } from './conversations.service';
import { toPrompt, toQuestion } from './history';
import { type StoredMessage } from './message.entity';
import { eventCount } from './replay.codec';
import { TurnsRepository } from './turns.repository';
import { type RunningTurn, TurnsService } from './turns.service';

/** How long a cancelled answer is waited for, and how often it is looked at meanwhile. */
const CANCEL_WITHIN_MS = 5_000;
const CANCEL_POLL_MS = 50;

/** Where an answer is. */
export interface Place {
  id: string;
  mid: string;
}

/** Answers of conversations: asked for, listened to again, cancelled. */
@Injectable()
export class AnswersService {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly turns: TurnsService,
    private readonly repository: TurnsRepository,
    private readonly streams: AnswerStreams,
    private readonly providers: ProvidersService,
    private readonly sse: SseService,
    private readonly readiness: ReadinessChecks,
  ) {}

  /** The whole answer. The model is asked for a stream all the same, so that what it says is kept as it comes. */
  async chat(user: Principal, id: string, body: TurnBody, res: Response): Promise<TurnAnswerDto> {
    const gone = closedSignal(res);
    const turn = await this.start(user, id, body, requestIdOf(res.req), gone);
    const message = toMessage(await turn.done);
    if (body.on_disconnect === 'cancel') gone.throwIfAborted(); // what is left of it is no answer
    res.set(answerHeaders(turn.answer));
    const { finish_reason, usage, cost_usd } = message;
    if (!finish_reason || !usage) throw new Error('an answer without its end');
    return { conversation_id: id, message, finish_reason, usage, cost_usd, unpriced: cost_usd === null };
  }

  /** The answer as it is written: its first reader is the one who asked. */
  async stream(user: Principal, id: string, body: TurnBody, res: Response): Promise<void> {
    const gone = closedSignal(res);
    const requestId = requestIdOf(res.req);
    const turn = await this.start(user, id, body, requestId, gone);
    await turn.begun;
    // A recorded answer is read to its end, whoever stays.
    const whole = recorderOf(res) !== null && body.on_disconnect !== 'cancel';
    const reader = {
      user,
      conversationId: id,
      messageId: turn.id,
      after: 0,
      requestId,
      gone: whole ? this.readiness.cut.signal : gone,
    };
    const frames = pacedFrames(this.streams.follow(reader, null), body.stream_options?.max_tokens_per_second);
    await this.sse.sendFrames(res, frames, answerHeaders(turn.answer));
  }

  /** What is told after the client's last event. 204 when that was all: it tells an EventSource to stop asking. */
  async resume(user: Principal, { id, mid }: Place, lastEventId: string | undefined, res: Response): Promise<void> {
    const after = toEventId(lastEventId);
    const message = await this.streams.get(user, id, mid);
    if (heardAll(message, after)) {
      res.status(204).end();
      return;
    }
    const gone = closedSignal(res);
    const reader: Reader = { user, conversationId: id, messageId: mid, after, requestId: requestIdOf(res.req), gone };
    await this.sse.sendFrames(res, this.streams.follow(reader, message));
  }

  /** Resolves with the message in its final state; still running if its process does not react in time. */
  async cancel(user: Principal, { id, mid }: Place): Promise<MessageDto> {
    await this.repository.requestCancel(user, id, mid);
    const deadline = Date.now() + CANCEL_WITHIN_MS;
    for (;;) {
      const message = await this.streams.get(user, id, mid);
      if (message.status !== 'running' || Date.now() > deadline) return toMessage(message);
      await wait(CANCEL_POLL_MS);
    }
  }

  /** Nothing is stored for a model that does not exist. */
  private async start(
    user: Principal,
    id: string,
    body: TurnBody,
    requestId: string,
    gone: AbortSignal,
  ): Promise<RunningTurn> {
    const conversation = await this.conversations.getOwned(user, id);
    const model = body.model ?? (body.race ? undefined : (conversation.model ?? undefined));
    const collection_ids = body.collection_ids ?? conversation.collectionIds;
    const server_tools = body.server_tools ?? (conversation.tools.length > 0 ? conversation.tools : undefined);
    const options = toGeneration({ ...body, model, collection_ids, server_tools });
    this.providers.resolve(user.rules, options.model, options);

    const question = (history: StoredMessage[]) => toQuestion(body, history);
    const turn = await this.turns.start(
      user,
      id,
      question,
      (begun) => ({
        ...options,
        messages: toPrompt(begun.conversation, begun.history, question(begun.history)),
        stream: true,
      }),
      requestId,
    );
    if (body.on_disconnect === 'cancel') abortWith(gone, turn);
    return turn;
  }
}

function abortWith(gone: AbortSignal, turn: RunningTurn): void {
  const abort = () => turn.abort(gone.reason as Error);
  if (gone.aborted) abort();
  else gone.addEventListener('abort', abort);
}

/** One that was killed may have told more than it had stored: whoever heard that has yet to hear the end. */
function heardAll(message: StoredMessage, after: number): boolean {
  if (message.status === 'running') return false;
  const count = eventCount(message);
  return after === count || (after > count && message.error?.code !== 'interrupted');
}

function toEventId(header = '0'): number {
  if (/^\d{1,9}$/.test(header)) return Number(header);
  throw validationFailed([{ field: 'Last-Event-ID', message: 'Last-Event-ID: expected the id of an event' }]);
}
