import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isDeltaFrame, isLastFrame } from '../chat/native.codec';
import { type Principal } from '../platform/common/auth/principal';
import { paced } from '../platform/common/http/paced';
import { StreamLogs } from '../platform/store/store.types';
import { messageNotFound } from './conversations.errors';
import { ConversationsRepository } from './conversations.repository';
import { type StoredMessage } from './message.entity';
import { replay } from './replay.codec';

/** Between two looks at an answer of which nothing is heard: another process stores what it has said once a second. */
const LOOK_AGAIN_MS = 500;

/** One reader of an answer's stream. */
export interface Reader {
  user: Principal;
  conversationId: string;
  messageId: string;
  /** The last event it has; 0 for none. */
  after: number;
  /** Its own, for an error that knows no other. */
  requestId: string;
  /** Aborts when it leaves. */
  gone: AbortSignal;
}

/** Tells answers to those who read them: from the log while they are written, else from what is stored. */
@Injectable()
export class AnswerStreams {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly logs: StreamLogs,
  ) {}

  /** Throws `message_not_found`. */
  async get(user: Principal, conversationId: string, messageId: string): Promise<StoredMessage> {
    const message = await this.repository.findAnswer(user, conversationId, messageId);
    if (!message) throw messageNotFound();
    return message;
  }

  /**
   * All that comes after the reader's last event, in order, until the last event of the answer. Whatever ends a log
   * (the answer's end, the death of its writer, a store that is away, a reader too slow for it, or that there is none
   * here), the stored answer says what was missed and whether more will come.
   * @param known the answer as it was just read, else its log is asked first
   */
  async *follow(reader: Reader, known: StoredMessage | null): AsyncGenerator<readonly string[]> {
    const { user, conversationId, messageId, requestId, gone } = reader;
    let { after } = reader;
    let message = known;
    while (!gone.aborted) {
      if (message) {
        const missed = replay(message, after, requestId);
        yield missed;
        if (message.status !== 'running') return;
        after += missed.length;
      }
      const before = after;
      let last = '';
      for await (const entries of this.logs.follow(messageId, after, gone)) {
        const frames = entries.map(({ data }) => data);
        yield frames;
        after += frames.length;
        last = frames.at(-1) ?? last;
      }
      if (isLastFrame(last)) return;
      if (after === before && message) await wait(LOOK_AGAIN_MS);
      message = await this.get(user, conversationId, messageId);
    }
  }
}

/** The same frames, of deltas at most `perSecond`. */
export function pacedFrames(
  batches: AsyncIterable<readonly string[]>,
  perSecond: number | undefined,
): AsyncIterable<readonly string[]> {
  return perSecond === undefined ? batches : paced(oneByOne(batches), ([frame]) => isDeltaFrame(frame), perSecond);
}

async function* oneByOne(batches: AsyncIterable<readonly string[]>): AsyncGenerator<[string]> {
  for await (const frames of batches) for (const frame of frames) yield [frame];
}
