import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { toJsonb } from '../platform/database/jsonb';
import { type FinishReason, type Part, type TokenUsage } from '../providers/providers.types';
import { Conversation } from './conversation.entity';
import { conversationNotFound, turnInProgress } from './conversations.errors';
import { type MessageStatus, StoredMessage } from './message.entity';

/** A message not checkpointed for so long belongs to a dead process. */
const LEASE_SECONDS = 10;
const LEASE = `now() + make_interval(secs => ${LEASE_SECONDS})`;
/** $1: ids of messages that this process is writing, however late their leases are renewed. */
const EXPIRED = `status = 'running' AND lease_expires_at < now() AND NOT (id = ANY ($1))`;
/** What marks a message whose process died: its last checkpoint stays. */
const ABANDONED = `status = 'partial', lease_owner = NULL, lease_expires_at = NULL,
  error = '{"code": "interrupted", "message": "The server stopped while the answer was being written."}'`;

export interface Question {
  role: 'user' | 'tool';
  parts: Part[];
}

/** A conversation whose next answer is being written under `messageId`. */
export interface BegunTurn {
  conversation: Conversation;
  /** Before the question, in order. */
  history: StoredMessage[];
  messageId: string;
}

export interface TurnOutcome {
  status: Exclude<MessageStatus, 'running'>;
  parts: Part[];
  model: string | null;
  provider: string | null;
  finishReason: FinishReason | null;
  usage: TokenUsage | null;
  costUsd: string | null;
  unpriced: boolean;
  latencyMs: number;
  ttftMs: number | null;
  error: { code: string; message: string } | null;
}

/** The life of a turn in the database: begun, checkpointed, finished; or abandoned by a process that died. */
@Injectable()
export class TurnsRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  /**
   * Question and running answer, or neither. Turns of one conversation take turns on its row; a lease that ran out is
   * cleared on the way. Throws `conversation_not_found`, `turn_in_progress`.
   * @param ids of the question and the answer
   * @param living messages this process is writing
   */
  beginTurn(
    { workspaceId, userId }: Principal,
    conversationId: string,
    question: (history: StoredMessage[]) => Question,
    ids: { question: string; answer: string },
    owner: string,
    living: string[],
  ): Promise<BegunTurn> {
    return this.db.transaction(async (tx) => {
      const conversation = await tx.getRepository(Conversation).findOne({
        where: { id: conversationId, workspaceId, userId, deletedAt: IsNull() },
        lock: { mode: 'pessimistic_write' },
      });
      if (!conversation) throw conversationNotFound();
      await tx.query(`UPDATE messages SET ${ABANDONED} WHERE ${EXPIRED} AND conversation_id = $2`, [
        living,
        conversationId,
      ]);
      const history = await tx.getRepository(StoredMessage).find({
        where: { conversationId, workspaceId },
        order: { seq: 'ASC' },
      });
      const last = history.at(-1);
      if (last?.status === 'running') throw turnInProgress();
      await this.insertPair(tx, conversation, last, question(history), ids, owner);
      await tx.query('UPDATE conversations SET updated_at = now() WHERE id = $1', [conversationId]);
      return { conversation, history, messageId: ids.answer };
    });
  }

  /**
   * One statement for all running answers of a process: keeps their leases, and their texts as far as they have come.
   * One that was taken for abandoned in a long pause is running again, unless the conversation has gone on.
   */
  async checkpoint(owner: string, messages: { id: string; parts: Part[] }[]): Promise<void> {
    await this.db.query(
      `UPDATE messages SET parts = said.parts, status = 'running', lease_owner = $1, lease_expires_at = ${LEASE}, error = NULL
       FROM jsonb_to_recordset($2::jsonb) AS said (id uuid, parts jsonb)
       WHERE messages.id = said.id AND (
         messages.status = 'running' AND messages.lease_owner = $1
         OR messages.status = 'partial' AND messages.error ->> 'code' = 'interrupted' AND NOT EXISTS (
           SELECT FROM messages later WHERE later.conversation_id = messages.conversation_id AND later.seq > messages.seq))`,
      [owner, toJsonb(messages)],
    );
  }

  /** The truth also replaces what was abandoned by mistake (a process that was merely stopped for a while). */
  async finishTurn(messageId: string, outcome: TurnOutcome): Promise<StoredMessage | null> {
    const { usage, error } = outcome;
    await this.db.query(
      `UPDATE messages SET status = $2, parts = $3, model = $4, provider = $5, finish_reason = $6, usage = $7,
         cost_usd = $8, unpriced = $9, latency_ms = $10, ttft_ms = $11, error = $12, lease_owner = NULL, lease_expires_at = NULL
       WHERE id = $1 AND status IN ('running', 'partial')`,
      [
        messageId,
        outcome.status,
        toJsonb(outcome.parts),
        outcome.model,
        outcome.provider,
        outcome.finishReason,
        usage && toJsonb(usage),
        outcome.costUsd,
        outcome.unpriced,
        outcome.latencyMs,
        outcome.ttftMs,
        error && toJsonb(error),
      ],
    );
    return this.db.getRepository(StoredMessage).findOneBy({ id: messageId });
  }

  /** As if it had not begun: for a request that turned out to be one no model can be asked. */
  async discardTurn(messageId: string): Promise<void> {
    await this.db.query(
      `WITH answer AS (DELETE FROM messages WHERE id = $1 AND status = 'running' RETURNING parent_id)
       DELETE FROM messages WHERE id = (SELECT parent_id FROM answer)`,
      [messageId],
    );
  }

  /** Marks what dead processes left. Returns how many. @param living messages this process is writing */
  async abandonExpired(living: string[]): Promise<number> {
    const [, count] = await this.db.query<[unknown, number]>(`UPDATE messages SET ${ABANDONED} WHERE ${EXPIRED}`, [
      living,
    ]);
    return count;
  }

  private async insertPair(
    tx: EntityManager,
    { id: conversationId, workspaceId }: Conversation,
    last: StoredMessage | undefined,
    question: Question,
    ids: { question: string; answer: string },
    owner: string,
  ): Promise<void> {
    const seq = (last?.seq ?? 0) + 1;
    await tx.query(
      `INSERT INTO messages (id, conversation_id, workspace_id, parent_id, seq, role, parts, status, lease_owner, lease_expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'complete', NULL, NULL),
              ($8, $2, $3, $1, $5 + 1, 'assistant', '[]', 'running', $9, ${LEASE})`,
      [
        ids.question,
        conversationId,
        workspaceId,
        last?.id ?? null,
        seq,
        question.role,
        toJsonb(question.parts),
        ids.answer,
        owner,
      ],
    );
  }
}
