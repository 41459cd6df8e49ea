import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, IsNull } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { Invalidations } from '../platform/database/invalidations';
import { Conversation } from './conversation.entity';
import { StoredMessage } from './message.entity';
import { CANCEL } from './turns.repository';

/** What a caller may set; undefined leaves it as it is. */
export type ConversationFields = Partial<
  Pick<Conversation, 'title' | 'model' | 'systemPrompt' | 'collectionIds' | 'tools' | 'metadata'>
>;

/** The tenant and the user are part of every query: a stranger's conversation is simply not there. */
@Injectable()
export class ConversationsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  create({ workspaceId, userId }: Principal, id: string, fields: ConversationFields): Promise<Conversation> {
    const { title = null, model = null, systemPrompt = null, collectionIds = [], tools = [], metadata = {} } = fields;
    return this.db
      .getRepository(Conversation)
      .save({ id, workspaceId, userId, title, model, systemPrompt, collectionIds, tools, metadata });
  }

  findOwned({ workspaceId, userId }: Principal, id: string): Promise<Conversation | null> {
    return this.db.getRepository(Conversation).findOneBy({ id, workspaceId, userId, deletedAt: IsNull() });
  }

  /** Null when there is none. */
  async update(principal: Principal, id: string, fields: ConversationFields): Promise<Conversation | null> {
    const { workspaceId, userId } = principal;
    const owned = { id, workspaceId, userId, deletedAt: IsNull() };
    const { metadata, ...columns } = fields;
    await this.db
      .createQueryBuilder()
      .update(Conversation)
      .set({ ...columns, ...(metadata && { metadata: () => 'CAST(:metadata AS jsonb)' }), updatedAt: () => 'now()' })
      .where(owned)
      .setParameter('metadata', JSON.stringify(metadata))
      .execute();
    return this.findOwned(principal, id);
  }

  /** Gone from every read, and nothing more is written to it; false when there was none. */
  softDelete({ workspaceId, userId }: Principal, id: string): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      const owned = { id, workspaceId, userId, deletedAt: IsNull() };
      const { affected } = await tx.getRepository(Conversation).update(owned, { deletedAt: () => 'now()' });
      if (affected !== 1) return false;
      const [running] = await tx.query<[{ id: string }[], number]>(
        `UPDATE messages SET cancel_requested = true WHERE conversation_id = $1 AND status = 'running' RETURNING id`,
        [id],
      );
      for (const answer of running) await tx.query(...this.invalidations.announcement(CANCEL, answer.id));
      return true;
    });
  }

  /**
   * One more than `limit` rows. `q` is searched in titles and messages, with the operators of web search
   * (quotes, `or`, `-`).
   */
  list({ workspaceId, userId }: Principal, { limit, after, order }: PageQuery, q?: string): Promise<Conversation[]> {
    const query = this.db
      .getRepository(Conversation)
      .createQueryBuilder('c')
      .where('c.workspace_id = :workspaceId AND c.user_id = :userId AND c.deleted_at IS NULL', { workspaceId, userId })
      .orderBy('c.id', order === 'asc' ? 'ASC' : 'DESC')
      .limit(limit + 1);
    if (after) query.andWhere(order === 'asc' ? 'c.id > :after' : 'c.id < :after', { after });
    if (q) {
      query.andWhere(
        `(c.search @@ websearch_to_tsquery('simple', :q) OR EXISTS (
           SELECT FROM messages m WHERE m.conversation_id = c.id AND m.search @@ websearch_to_tsquery('simple', :q)))`,
        { q },
      );
    }
    return query.getMany();
  }

  /** An answer in a conversation of the caller's. */
  findAnswer(
    { workspaceId, userId }: Principal,
    conversationId: string,
    messageId: string,
  ): Promise<StoredMessage | null> {
    return this.db
      .getRepository(StoredMessage)
      .createQueryBuilder('m')
      .innerJoin(Conversation, 'c', 'c.id = m.conversation_id')
      .where("m.id = :messageId AND m.conversation_id = :conversationId AND m.role = 'assistant'", {
        messageId,
        conversationId,
      })
      .andWhere('c.workspace_id = :workspaceId AND c.user_id = :userId AND c.deleted_at IS NULL', {
        workspaceId,
        userId,
      })
      .getOne();
  }

  /** One more than `limit` rows of a conversation the caller owns. */
  messages(
    { workspaceId }: Principal,
    conversationId: string,
    { limit, after, order }: PageQuery,
  ): Promise<StoredMessage[]> {
    const query = this.db
      .getRepository(StoredMessage)
      .createQueryBuilder('m')
      .where('m.workspace_id = :workspaceId AND m.conversation_id = :conversationId', { workspaceId, conversationId })
      .orderBy('m.seq', order === 'asc' ? 'ASC' : 'DESC')
      .limit(limit + 1);
    if (after) {
      const place = '(SELECT seq FROM messages WHERE id = :after AND conversation_id = :conversationId)';
      query.andWhere(order === 'asc' ? `m.seq > ${place}` : `m.seq < ${place}`, { after });
    }
    return query.getMany();
  }
}
