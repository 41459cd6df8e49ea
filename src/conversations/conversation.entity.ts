import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** A stored chat. It belongs to one user in one workspace. */
@Entity('conversations')
export class Conversation {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { name: 'workspace_id' })
  workspaceId: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('text', { nullable: true })
  title: string | null;

  /** As callers name it; null: the default. */
  @Column('text', { nullable: true })
  model: string | null;

  @Column('text', { name: 'system_prompt', nullable: true })
  systemPrompt: string | null;

  /** What its answers are grounded in, unless a turn says otherwise. */
  /** Names of tools that are executed here, where a turn doesn't name its own. */
  @Column('text', { array: true })
  tools: string[];

  @Column('uuid', { name: 'collection_ids', array: true })
  collectionIds: string[];

  @Column('jsonb')
  metadata: Record<string, unknown>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;

  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt: Date | null;
}
