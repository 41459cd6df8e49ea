import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { ChatService, pacedDeltas } from '../../chat/chat.service';
import { type Answer } from '../../chat/chat.types';
import { chatBody, type ChatBody, toChatRequest } from '../../chat/chat-body.codec';
import {
  answerHeaders,
  modelOf,
  NativeCodec,
  toNativeGrounding,
  toNativeToolCalls,
  toNativeUsage,
} from '../../chat/native.codec';
import { type Principal } from '../../platform/common/auth/principal';
import { toProblem } from '../../platform/common/errors/problem';
import { requestIdOf } from '../../platform/common/http/request-id';
import { closedSignal, unwantedSignal } from '../../platform/common/http/client-gone';
import { SseService } from '../../platform/common/http/sse.service';
import { ReadinessChecks } from '../../platform/common/readiness';
import { ZodBody } from '../../platform/common/http/zod-body';
import { newId } from '../../platform/common/ids';
import { formatUsd } from '../../platform/common/money';
import { RateLimitsService } from '../../usage/rate-limits.service';
import { type ChatAnswerDto, type ChatBatchDto } from './simple.dto';
import { type BatchBody } from './simple.schema';

/** Requests of one batch that run at a time, where the caller's tier allows so many. */
const BATCH_CONCURRENCY = 10;
const oneOfBatch = new ZodBody(chatBody);

@Injectable()
export class SimpleService {
  constructor(
    private readonly chat: ChatService,
    private readonly limits: RateLimitsService,
    private readonly sse: SseService,
    private readonly readiness: ReadinessChecks,
  ) {}

  async answer(user: Principal, body: ChatBody, res: Response): Promise<ChatAnswerDto> {
    const unwanted = unwantedSignal(res, body.on_disconnect, this.readiness);
    const asked = this.chat.complete(user, toChatRequest(body, false), origin(res), unwanted);
    const answer = await this.readiness.during(asked);
    res.set(answerHeaders(answer));
    return toAnswer(answer);
  }

  stream(user: Principal, body: ChatBody, res: Response): Promise<void> {
    const unwanted = unwantedSignal(res, body.on_disconnect, this.readiness);
    const { events, answer } = this.chat.start(user, toChatRequest(body, true), origin(res), unwanted);
    const codec = new NativeCodec({ message_id: newId() }, answer);
    const told = pacedDeltas(events, body.stream_options?.max_tokens_per_second);
    return this.readiness.during(this.sse.sendEvents(res, told, codec));
  }

  /** Every request is answered or refused by itself; the batch as a whole does not fail. */
  async batch(user: Principal, { requests }: BatchBody, res: Response): Promise<ChatBatchDto> {
    const gone = closedSignal(res);
    const results: ChatBatchDto['results'] = [];
    const queue = requests.entries();
    const worker = async () => {
      for (const [index, body] of queue) {
        try {
          const request = oneOfBatch.transform(body);
          const unwanted = unwantedSignal(res, request.on_disconnect, this.readiness);
          results[index] = toAnswer(
            await this.chat.complete(user, toChatRequest(request, false), origin(res), unwanted),
          );
        } catch (error) {
          if (gone.aborted) continue; // nobody reads it, but the next may be one that goes on
          const { error: told } = toProblem(error, requestIdOf(res.req));
          results[index] = { error: { ...told, details: [...told.details] } };
        }
      }
    };
    const together = Math.min(BATCH_CONCURRENCY, this.limits.concurrency(user));
    await this.readiness.during(Promise.all(Array.from({ length: together }, worker)));
    if (Object.keys(results).length < requests.length) gone.throwIfAborted(); // what is left of it is no answer
    return { results };
  }
}

const origin = (res: Response) => ({ requestId: requestIdOf(res.req) });

function toAnswer(answer: Answer): ChatAnswerDto {
  const { content, provider, usage, cost } = answer;
  if (!usage) throw new Error('an answer without an end');
  const reasoning = content.reasoning();
  const calls = toNativeToolCalls(content.parts());
  return {
    id: newId(),
    content: content.text() + content.refusal(),
    model: modelOf(answer) ?? '',
    provider: provider ?? '',
    finish_reason: content.finishReason() ?? 'stop',
    ...(reasoning ? { reasoning } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(answer.stopReason === undefined ? {} : { stop_reason: answer.stopReason }),
    ...toNativeGrounding(answer),
    usage: toNativeUsage(usage),
    cost_usd: cost === null ? null : formatUsd(cost),
    unpriced: cost === null,
  };
}
