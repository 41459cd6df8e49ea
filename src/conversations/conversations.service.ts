import { Injectable } from '@nestjs/common';
import { authorize } from '../platform/common/auth/authorize';
import { type Principal } from '../platform/common/auth/principal';
import { type Page, type PageQuery, toPage } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { ProvidersService } from '../providers/providers.service';
import { CollectionsService } from '../rag/collections.service';
import { ToolsService } from '../tools/tools.service';
import { type Conversation } from './conversation.entity';
import { toConversation, toMessage } from './conversations.codec';
import {
  type ConversationDto,
  type ConversationFieldsDto,
  type ConversationsQuery,
  type ConversationWithMessagesDto,
  type MessageDto,
} from './conversations.dto';
import { conversationNotFound } from './conversations.errors';
import { type ConversationFields, ConversationsRepository } from './conversations.repository';

const LATEST: PageQuery = { limit: 20, order: 'desc' };

@Injectable()
export class ConversationsService {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly providers: ProvidersService,
    private readonly collections: CollectionsService,
    private readonly tools: ToolsService,
  ) {}

  async create(user: Principal, dto: ConversationFieldsDto): Promise<ConversationDto> {
    return toConversation(await this.repository.create(user, newId(), await this.toFields(user, dto)));
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
    const updated = await this.repository.update(user, id, await this.toFields(user, dto));
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

  /** Throws `conversation_not_found`. */
  async getOwned(user: Principal, id: string): Promise<Conversation> {
    const conversation = await this.repository.findOwned(user, id);
    if (!conversation) throw conversationNotFound();
    return conversation;
  }

  /** A model that can't be called, a collection that can't be read, or a tool that is not there, is refused now rather than at the first message. */
  private async toFields(user: Principal, dto: ConversationFieldsDto): Promise<ConversationFields> {
    const { title, model, system_prompt, collection_ids, tools, metadata } = dto;
    if (model) this.providers.resolve(user.rules, model);
    if (collection_ids?.length) authorize(user, 'documents:read');
    await this.tools.select(user, tools ?? [], 'tools');
    await Promise.all((collection_ids ?? []).map((id) => this.collections.getReadable(user, id)));
    return {
      ...(title === undefined ? {} : { title }),
      ...(model === undefined ? {} : { model }),
      ...(system_prompt === undefined ? {} : { systemPrompt: system_prompt }),
      ...(tools === undefined ? {} : { tools: [...new Set(tools ?? [])] }),
      ...(collection_ids === undefined ? {} : { collectionIds: [...new Set(collection_ids ?? [])] }),
      ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
    };
  }
}
