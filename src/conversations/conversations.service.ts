import { Injectable } from '@nestjs/common';
import { type Response } from 'express';
import { type ChatRequest } from '../chat/chat.types';
import { toGeneration } from '../chat/generation.codec';
import { toParts } from '../chat/messages.codec';
import { answerHeaders, NativeCodec } from '../chat/native.codec';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { requestIdOf } from '../platform/common/http/request-id';
import { closedSignal } from '../platform/common/http/client-gone';
import { sendEvents } from '../platform/common/http/sse';
import { newId } from '../platform/common/ids';
import { ProvidersService } from '../providers/providers.service';
import { type Conversation } from './conversation.entity';
import { toConversation, toMessage } from './conversations.codec';
import {
  type ConversationDto,
  type ConversationFieldsDto,
  type ConversationsQuery,
  type ConversationWithMessagesDto,
  type MessageDto,
  type TurnAnswerDto,
} from './conversations.dto';
import { conversationNotFound } from './conversations.errors';
import { type ConversationFields, ConversationsRepository } from './conversations.repository';
import { type TurnBody } from './conversations.schema';
import { openToolCalls, toPrompt } from './history';
import { type StoredMessage } from './message.entity';
import { type Question } from './turns.repository';
import { type PlayedTurn, TurnsService } from './turns.service';

const LATEST: PageQuery = { limit: 20, order: 'desc' };

@Injectable()
export class ConversationsService {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly turns: TurnsService,
    private readonly providers: ProvidersService,
  ) {}

  async create(user: Principal, dto: ConversationFieldsDto): Promise<ConversationDto> {
    return toConversation(await this.repository.create(user, newId(), this.toFields(dto)));
  }

  async list(user: Principal, query: ConversationsQuery): Promise<Page<ConversationDto>> {
    return toPage(await this.repository.list(user, query, query.q), query.limit, toConversation);
  }

  async get(user: Principal, id: string): Promise<ConversationWithMessagesDto> {
    const conversation = await this.getOwned(user, id);
    const latest = await this.repository.messages(user, id, LATEST);
    const messages = latest.slice(0, LATEST.limit).reverse().map(toMessage);
    return { ...toConversation(conversation), messages };
  }

  async update(user: Principal, id: string, dto: ConversationFieldsDto): Promise<ConversationDto> {
    const updated = await this.repository.update(user, id, this.toFields(dto));
    if (!updated) throw conversationNotFound();
    return toConversation(updated);
  }

  async delete(user: Principal, id: string): Promise<void> {
    if (!(await this.repository.softDelete(user, id))) throw conversationNotFound();
  }

  async messages(user: Principal, id: string, query: PageQuery): Promise<Page<MessageDto>> {
    await this.getOwned(user, id);
    return toPage(await this.repository.messages(user, id, query), query.limit, toMessage);
  }

  /** The model is asked for a stream all the same, so that what it says is kept as it comes. */
  async chat(user: Principal, id: string, body: TurnBody, res: Response): Promise<TurnAnswerDto> {
    const turn = await this.play(user, id, body, res, closedSignal(res));
    const iterator = turn.events[Symbol.asyncIterator]();
    while (!(await iterator.next()).done);
    const message = storedMessage(turn);
    res.set(answerHeaders(turn.answer));
    const { finish_reason, usage, cost_usd } = message;
    if (!finish_reason || !usage) throw new Error('a complete answer without its end');
    return { conversation_id: id, message, finish_reason, usage, cost_usd, unpriced: cost_usd === null };
  }

  async stream(user: Principal, id: string, body: TurnBody, res: Response): Promise<void> {
    const gone = closedSignal(res);
    const turn = await this.play(user, id, body, res, gone);
    const identity = { message_id: turn.messageId, conversation_id: id };
    const codec = new NativeCodec(identity, turn.answer, () => ({ message: storedMessage(turn) }));
    await sendEvents(res, turn.events, codec, gone);
  }

  /** Nothing is stored for a model that does not exist. */
  private async play(
    user: Principal,
    id: string,
    body: TurnBody,
    res: Response,
    gone: AbortSignal,
  ): Promise<PlayedTurn> {
    const conversation = await this.getOwned(user, id);
    const options = toGeneration({
      ...body,
      model: body.model ?? (body.race ? undefined : (conversation.model ?? undefined)),
    });
    this.providers.resolve(options.model, options);

    const begun = await this.turns.begin(user, id, (history) => toQuestion(body, history));
    const question = toQuestion(body, begun.history);
    const request: ChatRequest = {
      ...options,
      messages: toPrompt(begun.conversation, begun.history, question),
      stream: true,
    };
    return this.turns.play(begun, user, request, { requestId: requestIdOf(res.req) }, gone);
  }

  private async getOwned(user: Principal, id: string): Promise<Conversation> {
    const conversation = await this.repository.findOwned(user, id);
    if (!conversation) throw conversationNotFound();
    return conversation;
  }

  /** A model that can't be called is refused now rather than at the first message. */
  private toFields({ title, model, system_prompt, metadata }: ConversationFieldsDto): ConversationFields {
    if (model) this.providers.resolve(model);
    return {
      ...(title === undefined ? {} : { title }),
      ...(model === undefined ? {} : { model }),
      ...(system_prompt === undefined ? {} : { systemPrompt: system_prompt }),
      ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
    };
  }
}

/** Throws for results of tools the last answer did not call. */
function toQuestion({ content, tool_results = [] }: TurnBody, history: readonly StoredMessage[]): Question {
  if (content !== undefined) return { role: 'user', parts: toParts(content) };
  const open = openToolCalls(history);
  const strays = tool_results.flatMap(({ tool_call_id }, i) =>
    open.includes(tool_call_id)
      ? []
      : [{ field: `tool_results[${i}].tool_call_id`, message: `The last answer has no tool call '${tool_call_id}'.` }],
  );
  if (strays.length > 0) throw validationFailed(strays);
  return {
    role: 'tool',
    parts: tool_results.map(({ tool_call_id, content: text, is_error }) => ({
      type: 'tool_result',
      toolCallId: tool_call_id,
      content: text,
      ...(is_error ? { isError: true } : {}),
    })),
  };
}

function storedMessage(turn: PlayedTurn): MessageDto {
  const stored = turn.stored();
  if (!stored) throw conversationNotFound(); // its workspace was deleted meanwhile
  return toMessage(stored);
}
