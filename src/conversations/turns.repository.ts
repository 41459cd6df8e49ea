import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { type Principal } from '../platform/common/auth/principal';
import { toJsonb } from '../platform/database/jsonb';
import { Invalidations } from '../platform/database/invalidations';
import { type Part, type TokenUsage } from '../providers/providers.types';
import { Conversation } from './conversation.entity';
import { conversationNotFound, turnInProgress } from './conversations.errors';
import { type MessageStatus, type StoredError, StoredMessage } from './message.entity';
import { type Said } from './replay.codec';

/** A message not checkpointed for so long belongs to a dead process. */
const LEASE_SECONDS = 5;
const LEASE = `now() + make_interval(secs => ${LEASE_SECONDS})`;
/** What marks a message whose process died. Only its writer knows the request it was: that tells the two apart. */
const ABANDONED = `status = 'partial', lease_owner = NULL, lease_expires_at = NULL,
  error = '{"type": "server_error", "code": "interrupted", "message": "The server stopped while the answer was being written."}'`;
const BY_A_SWEEP = `messages.status = 'partial' AND messages.error ->> 'code' = 'interrupted' AND NOT messages.error ? 'request_id'`;
/** Told with the id of an answer that is to be cancelled. */
export const CANCEL = 'cancel';

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

export interface TurnOutcome extends Said {
  status: Exclude<MessageStatus, 'running'>;
  notReady: StoredMessage['notReady'];
  finishReason: StoredMessage['finishReason'];
  stopReason: StoredMessage['stopReason'];
  usage: TokenUsage | null;
  costUsd: string | null;
  unpriced: boolean;
  latencyMs: number;
  ttftMs: number | null;
  error: StoredError | null;
}

/** The life of a turn in the database: begun, checkpointed, finished; or abandoned by a process that died. */
@Injectable()
export class TurnsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly invalidations: Invalidations,
  ) {}

  /**
   * Question and running answer, or neither. Turns of one conversation take turns on its row. Throws
   * `conversation_not_found`, `turn_in_progress`.
   * @param ids of the question and the answer
   */
  beginTurn(
    { workspaceId, userId }: Principal,
    conversationId: string,
    question: (history: StoredMessage[]) => Question,
    ids: { question: string; answer: string },
    owner: string,
  ): Promise<BegunTurn> {
    return this.db.transaction(async (tx) => {
      const conversation = await tx.getRepository(Conversation).findOne({
        where: { id: conversationId, workspaceId, userId, deletedAt: IsNull() },
        lock: { mode: 'pessimistic_write' },
      });
      if (!conversation) throw conversationNotFound();
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
   * One statement for all running answers of a process: keeps their leases, and what they have said so far. One that
   * was taken for abandoned in a long pause is running again, unless the conversation has gone on.
   * @returns the ids of those to be cancelled
   */
  async checkpoint(owner: string, messages: (Said & { id: string })[]): Promise<string[]> {
    const [kept] = await this.db.query<[{ id: string; cancel_requested: boolean }[], number]>(
      `UPDATE messages SET parts = said.parts, event_lengths = said."eventLengths", provider = said.provider,
         model = said.model, citations = said.citations, status = 'running', lease_owner = $1, lease_expires_at = ${LEASE}, error = NULL
       FROM jsonb_to_recordset($2::jsonb) AS said (id uuid, parts jsonb, "eventLengths" int[], provider text, model text,
         citations jsonb)
       WHERE messages.id = said.id AND (
         messages.status = 'running' AND messages.lease_owner = $1
         OR ${BY_A_SWEEP} AND NOT EXISTS (
           SELECT FROM messages later WHERE later.conversation_id = messages.conversation_id AND later.seq > messages.seq))
       RETURNING messages.id, messages.cancel_requested`,
      [owner, toJsonb(messages)],
    );
    return kept.filter((message) => message.cancel_requested).map(({ id }) => id);
  }

  /** Asks whichever process writes the answer to stop. One that has ended, or isn't the caller's, is left alone. */
  async requestCancel({ workspaceId, userId }: Principal, conversationId: string, messageId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const [, asked] = await tx.query<[unknown, number]>(
        `UPDATE messages SET cancel_requested = true FROM conversations c
         WHERE messages.id = $1 AND messages.conversation_id = $2 AND messages.status = 'running'
           AND c.id = $2 AND c.workspace_id = $3 AND c.user_id = $4 AND c.deleted_at IS NULL`,
        [messageId, conversationId, workspaceId, userId],
      );
      if (asked > 0) await tx.query(...this.invalidations.announcement(CANCEL, messageId));
    });
  }

  /** The truth also replaces what was abandoned by mistake (a process that was merely stopped for a while). */
  async finishTurn(messageId: string, outcome: TurnOutcome): Promise<StoredMessage | null> {
    const { usage, error } = outcome;
    await this.db.query(
      `UPDATE messages SET status = $2, parts = $3, model = $4, provider = $5, finish_reason = $6, usage = $7,
         cost_usd = $8, unpriced = $9, latency_ms = $10, ttft_ms = $11, error = $12,
         event_lengths = $13, citations = $14, not_ready = $15, stop_reason = $16, lease_owner = NULL, lease_expires_at = NULL
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
        outcome.eventLengths,
        toJsonb(outcome.citations),
        outcome.notReady && toJsonb(outcome.notReady),
        outcome.stopReason,
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

  /**
   * What dead processes left, everywhere or in one conversation.
   * @param living messages this process is writing, however late their leases are renewed
   */
  expired(living: string[], conversationId: string | null): Promise<(Said & { id: string })[]> {
    return this.db.query(
      `SELECT id, parts, provider, model, citations, coalesce(event_lengths, '{}') AS "eventLengths" FROM messages
       WHERE status = 'running' AND lease_expires_at < now() AND NOT (id = ANY ($1)) AND ($2::uuid IS NULL OR conversation_id = $2)`,
      [living, conversationId],
    );
  }

  /** Marks it as cut short, unless another process did so or its own came back. Returns whether this one did. */
  async abandon(id: string, said: Said): Promise<boolean> {
    const [, count] = await this.db.query<[unknown, number]>(
      `UPDATE messages SET ${ABANDONED}, parts = $2, event_lengths = $3, provider = $4, model = $5, citations = $6
       WHERE id = $1 AND status = 'running' AND lease_expires_at < now()`,
      [id, toJsonb(said.parts), said.eventLengths, said.provider, said.model, toJsonb(said.citations)],
    );
    return count > 0;
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
