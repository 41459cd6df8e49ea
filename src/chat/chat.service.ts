import { Injectable } from '@nestjs/common';
import { CallsService } from '../calls/calls.service';
import { type Principal } from '../platform/common/auth/principal';
import { paced } from '../platform/common/http/paced';
import { ToolsService } from '../tools/tools.service';
import { type CallRecord } from '../usage/usage.types';
import { Answer } from './answer';
import { type ChatEvent, type ChatRequest, type NextTurn } from './chat.types';
import { GroundingService } from './grounding.service';
import { type Journal } from './tool-loop.types';
import { turnStages } from './turn-stages';

/** Where a turn comes from. */
export interface Origin {
  requestId: string;
  /** The stored message that the answer becomes. */
  messageId?: string;
  /** Of a loop that another process could go on with. */
  journal?: Journal;
}

/** One answer to a user, for every surface. */
@Injectable()
export class ChatService {
  private readonly run: NextTurn;

  constructor(calls: CallsService, grounding: GroundingService, tools: ToolsService) {
    const end: NextTurn = () => {
      throw new Error('the last turn stage has no next');
    };
    this.run = turnStages(calls, grounding, tools).reduceRight<NextTurn>(
      (next, stage) => (turn) => stage(turn, next),
      end,
    );
  }

  /**
   * Begins a turn. Nothing happens until `events` is iterated; `answer` fills as it is. Failures are thrown as
   * DomainErrors; breaking out of the iteration, or `signal`, aborts the model.
   */
  start(
    principal: Principal,
    request: ChatRequest,
    { requestId, messageId, journal }: Origin,
    signal: AbortSignal,
  ): { events: AsyncIterable<ChatEvent>; answer: Answer } {
    const answer = new Answer();
    const record = (event: ChatEvent) => answer.add(event);
    const settle = (record: CallRecord) => answer.settle(record);
    const kept = { messageId: messageId ?? null, journal: journal ?? null };
    const turn = { principal, requestId, request, signal, answer, record, settle, ...kept };
    return { events: lazily(() => this.run(turn)), answer };
  }

  /** The same, collected. */
  async complete(principal: Principal, request: ChatRequest, origin: Origin, signal: AbortSignal): Promise<Answer> {
    const { events, answer } = this.start(principal, request, origin, signal);
    const iterator = events[Symbol.asyncIterator]();
    while (!(await iterator.next()).done);
    return answer;
  }
}

/** The same events, of deltas of text at most `perSecond`; without it they are not touched. */
export const pacedDeltas = (events: AsyncIterable<ChatEvent>, perSecond?: number): AsyncIterable<ChatEvent> =>
  perSecond === undefined ? events : paced(events, (event) => 'delta' in event, perSecond);

/** Stages may throw while they are put together; consumers expect that from the iteration only. */
const lazily = (run: () => AsyncIterable<ChatEvent>): AsyncIterable<ChatEvent> => ({
  [Symbol.asyncIterator]: () => run()[Symbol.asyncIterator](),
});
