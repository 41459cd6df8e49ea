import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { ChatService, pacedDeltas } from '../../chat/chat.service';
import { answerHeaders, NativeCodec } from '../../chat/native.codec';
import { type Principal } from '../../platform/common/auth/principal';
import { unwantedSignal } from '../../platform/common/http/client-gone';
import { requestIdOf } from '../../platform/common/http/request-id';
import { SseService } from '../../platform/common/http/sse.service';
import { newId } from '../../platform/common/ids';
import { ReadinessChecks } from '../../platform/common/readiness';
import { toChatRequest, toGroundedAnswer } from './grounded.codec';
import { type QuestionBody } from './grounded.schema';

@Injectable()
export class GroundedService {
  constructor(
    private readonly chat: ChatService,
    private readonly sse: SseService,
    private readonly readiness: ReadinessChecks,
  ) {}

  /** Answers in one piece or as a stream, as the body asks. */
  answer(user: Principal, body: QuestionBody, res: Response): Promise<void> {
    return this.readiness.during(body.stream ? this.stream(user, body, res) : this.whole(user, body, res));
  }

  private async whole(user: Principal, body: QuestionBody, res: Response): Promise<void> {
    const unwanted = unwantedSignal(res, body.on_disconnect, this.readiness);
    const answer = await this.chat.complete(user, toChatRequest(body), { requestId: requestIdOf(res.req) }, unwanted);
    res.set(answerHeaders(answer)).json(toGroundedAnswer(answer));
  }

  private stream(user: Principal, body: QuestionBody, res: Response): Promise<void> {
    const unwanted = unwantedSignal(res, body.on_disconnect, this.readiness);
    const origin = { requestId: requestIdOf(res.req) };
    const { events, answer } = this.chat.start(user, toChatRequest(body), origin, unwanted);
    const told = pacedDeltas(events, body.stream_options?.max_tokens_per_second);
    return this.sse.sendEvents(res, told, new NativeCodec({ message_id: newId() }, answer));
  }
}
