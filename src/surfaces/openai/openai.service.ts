import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { ChatService, pacedDeltas } from '../../chat/chat.service';
import { type ChatRequest } from '../../chat/chat.types';
import { answerHeaders } from '../../chat/native.codec';
import { type Principal } from '../../platform/common/auth/principal';
import { DomainError } from '../../platform/common/errors/domain.error';
import { requestIdOf } from '../../platform/common/http/request-id';
import { unwantedSignal } from '../../platform/common/http/client-gone';
import { SseService } from '../../platform/common/http/sse.service';
import { ReadinessChecks } from '../../platform/common/readiness';
import { type ModelInfo, ProvidersService } from '../../providers/providers.service';
import { OpenAiStreamCodec } from './openai-stream.codec';
import { toChatRequest, toCompletion } from './openai.codec';
import { type ModelDto, type ModelListDto } from './openai.dto';
import { type CompletionBody } from './openai.schema';

@Injectable()
export class OpenAiService {
  constructor(
    private readonly chat: ChatService,
    private readonly providers: ProvidersService,
    private readonly sse: SseService,
    private readonly readiness: ReadinessChecks,
  ) {}

  /** Answers in one piece or as a stream, as the body asks. */
  complete(user: Principal, body: CompletionBody, res: Response): Promise<void> {
    const request = toChatRequest(body);
    return this.readiness.during(
      request.stream ? this.stream(user, body, request, res) : this.whole(user, body, request, res),
    );
  }

  private async whole(user: Principal, body: CompletionBody, request: ChatRequest, res: Response): Promise<void> {
    const unwanted = unwantedSignal(res, body.on_disconnect, this.readiness);
    const answer = await this.chat.complete(user, request, { requestId: requestIdOf(res.req) }, unwanted);
    res.set(answerHeaders(answer)).json(toCompletion(answer));
  }

  private stream(user: Principal, body: CompletionBody, request: ChatRequest, res: Response): Promise<void> {
    const unwanted = unwantedSignal(res, body.on_disconnect, this.readiness);
    const { events, answer } = this.chat.start(user, request, { requestId: requestIdOf(res.req) }, unwanted);
    const { include_usage = false, max_tokens_per_second } = body.stream_options ?? {};
    const codec = new OpenAiStreamCodec(answer, include_usage);
    return this.sse.sendEvents(res, pacedDeltas(events, max_tokens_per_second), codec);
  }

  async models({ rules }: Principal): Promise<ModelListDto> {
    const models = await this.providers.models(rules);
    return { object: 'list', data: models.map(toModel) };
  }

  model({ rules }: Principal, id: string): ModelDto {
    const info = this.providers.findModel(rules, id);
    if (!info) throw new DomainError('not_found', 'model_not_found', `There is no model '${id}'.`, { param: 'model' });
    return toModel(info);
  }
}

const toModel = (info: ModelInfo): ModelDto => ({
  id: info.id,
  object: 'model',
  created: 0,
  owned_by: info.provider,
  provider: info.provider,
  context_window: info.contextWindow,
  max_output_tokens: info.maxOutputTokens,
  dimensions: info.embedding?.dimensions ?? null,
  pricing: info.price && {
    input_per_mtok: perMillion(info.price.input),
    output_per_mtok: perMillion(info.price.output),
    cached_input_per_mtok: info.price.cachedInput && perMillion(info.price.cachedInput),
  },
  capabilities: info.capabilities && [...info.capabilities],
});

/** The base rate, from 10⁻¹² USD per token to USD per million. */
function perMillion(rates: readonly { perToken: bigint }[]): string {
  const units = (rates[0]?.perToken ?? 0n).toString().padStart(7, '0');
  return `${units.slice(0, -6)}.${units.slice(-6).replace(/0{1,4}$/, '')}`;
}
