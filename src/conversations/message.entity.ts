import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type CitationDto, type UnreadyDocumentDto } from '../chat/native.types';
import { type StopReason } from '../chat/tool-loop.types';
import { type ErrorBody } from '../platform/common/errors/problem';
import { type FinishReason, type Part, type TokenUsage } from '../providers/providers.types';

export const MESSAGE_STATUSES = ['running', 'complete', 'partial', 'failed', 'cancelled'] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

export type StoredError = Pick<ErrorBody, 'code' | 'message'> & Partial<ErrorBody>;

/** One message of a conversation. While it is `running`, a process holds its lease and writes what has been said. */
@Entity('messages')
export class StoredMessage {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { name: 'conversation_id' })
  conversationId: string;

  @Column('uuid', { name: 'workspace_id' })
  workspaceId: string;

  @Column('uuid', { name: 'parent_id', nullable: true })
  parentId: string | null;

  /** Its place in the conversation, from 1. */
  @Column('int')
  seq: number;

  @Column('text')
  role: 'user' | 'assistant' | 'tool';

  @Column('jsonb')
  parts: Part[];

  @Column('text')
  status: MessageStatus;

  /** `provider/model`. */
  @Column('text', { nullable: true })
  model: string | null;

  @Column('text', { nullable: true })
  provider: string | null;

  @Column('text', { name: 'finish_reason', nullable: true })
  finishReason: FinishReason | 'cancelled' | null;

  /** Why its loop of model and tools ended; null where there was none, or its client is to go on with it. */
  @Column('text', { name: 'stop_reason', nullable: true })
  stopReason: StopReason | null;

  @Column('jsonb', { nullable: true })
  usage: TokenUsage | null;

  /** Decimal text in USD. */
  @Column('numeric', { name: 'cost_usd', precision: 24, scale: 12, nullable: true })
  costUsd: string | null;

  @Column('boolean')
  unpriced: boolean;

  @Column('int', { name: 'latency_ms', nullable: true })
  latencyMs: number | null;

  @Column('int', { name: 'ttft_ms', nullable: true })
  ttftMs: number | null;

  /** Why it is not complete: what its readers were told, or less where nobody was. */
  @Column('jsonb', { nullable: true })
  error: StoredError | null;

  /**
   * Of each event of its stream before the end: UTF-16 code units of its text, 0 or `NOBODY_YET` for `message.start`,
   * `CITED` for a citation, `CALLED` and `ANSWERED` for tools that were executed here.
   * Null for an answer stored before streams could be resumed.
   */
  @Column('int', { name: 'event_lengths', array: true, nullable: true })
  eventLengths: number[] | null;

  /** In the order they were told. */
  @Column('jsonb')
  citations: CitationDto[];

  /** Documents that its search did not find yet; null when it is not grounded. */
  @Column('jsonb', { name: 'not_ready', nullable: true })
  notReady: UnreadyDocumentDto[] | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}
