import { setTimeout as wait } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { type ClientGone, Interrupted } from '../platform/common/http/client-gone';
import { ReadinessChecks } from '../platform/common/readiness';
import { StreamLogs } from '../platform/store/store.types';
import { ChatService } from './chat.service';
import { type ChatRequest } from './chat.types';
import { Generation, type Manuscript } from './generation';
import { type Identity, NativeCodec } from './native.codec';
import { type Journal } from './tool-loop.types';

export type { Ending, Generation } from './generation';

const FINISH_WITHIN_MS = 10_000;

/** What is to be written. */
export interface Commission {
  requestId: string;
  identity: Identity;
  /** Of its log. */
  key?: string;
  /** Of the last event of the stream it goes on with. */
  told?: number;
  /** Of a loop that another process could go on with. */
  journal?: Journal;
}

/** The generations of this process: each goes on though its readers leave, until it ends or is ended. */
@Injectable()
export class GenerationsService implements BeforeApplicationShutdown {
  private readonly running = new Map<string, Generation<unknown>>();

  constructor(
    private readonly chat: ChatService,
    private readonly logs: StreamLogs,
    private readonly readiness: ReadinessChecks,
  ) {
    readiness.cut.signal.addEventListener('abort', () => {
      for (const id of this.running.keys()) this.abort(id, new Interrupted());
    });
  }

  /** Answers under way are aborted by now, and still have to be kept. */
  async beforeApplicationShutdown(): Promise<void> {
    const deadline = Date.now() + FINISH_WITHIN_MS;
    while (this.running.size > 0 && Date.now() < deadline) await wait(20);
  }

  /**
   * Begins to write an answer under `identity.message_id`, which is also its log's key unless there is another.
   * @param end keeps how it ended, before anyone is told
   */
  start<T>(
    principal: Principal,
    request: ChatRequest,
    { requestId, identity, key, told, journal }: Commission,
    end: Manuscript<T>['end'],
  ): Generation<T> {
    const id = identity.message_id;
    const controller = new AbortController();
    const origin = journal ? { requestId, journal } : { requestId, messageId: id };
    const { events, answer } = this.chat.start(principal, request, origin, controller.signal);
    const generation = new Generation<T>({
      id,
      events,
      answer,
      codec: new NativeCodec(identity, answer, told),
      log: this.logs.open(key ?? id),
      controller,
      end,
    });
    this.running.set(id, generation);
    const over = () => this.running.delete(id);
    this.readiness.during(generation.done).then(over, over);
    return generation;
  }

  /** Ends one early, if it is this process's. */
  abort(id: string, reason: ClientGone): void {
    this.running.get(id)?.abort(reason);
  }
}
