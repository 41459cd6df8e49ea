import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { ChatService } from '../../chat/chat.service';
import { answerHeaders } from '../../chat/native.codec';
import { type Principal } from '../../platform/common/auth/principal';
import { DomainError } from '../../platform/common/errors/domain.error';
import { requestIdOf } from '../../platform/common/http/request-id';
import { closedSignal } from '../../platform/common/http/client-gone';
import { sendEvents } from '../../platform/common/http/sse';
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
  ) {}

  /** Answers in one piece or as a stream, as the body asks. */
  async complete(user: Principal, body: CompletionBody, res: Response): Promise<void> {
    const request = toChatRequest(body);
    const origin = { requestId: requestIdOf(res.req) };
    const gone = closedSignal(res);
    if (!request.stream) {
      const answer = await this.chat.complete(user, request, origin, gone);
      res.set(answerHeaders(answer)).json(toCompletion(answer));
      return;
    }
    const { events, answer } = this.chat.start(user, request, origin, gone);
    await sendEvents(res, events, new OpenAiStreamCodec(answer, body.stream_options?.include_usage ?? false), gone);
  }

  async models(): Promise<ModelListDto> {
    const models = await this.providers.models();
    return { object: 'list', data: models.map(toModel) };
  }

  model(id: string): ModelDto {
    const info = this.providers.findModel(id);
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
