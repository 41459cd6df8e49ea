import { type Principal } from '../platform/common/auth/principal';

/** Who did it; null for the operator, at the start or on the command line. */
export type Actor = Pick<Principal, 'userId' | 'apiKeyId'> | null;

/** Before and after of every attribute that changed, by its name in the API. Never secrets. */
export type Changes = Readonly<Record<string, { before: unknown; after: unknown }>>;

/** Something that happened to rights, keys, members or money. */
export interface AuditEvent {
  /** What and how: `member.role_changed`. */
  action: `${string}.${string}`;
  /** Null for what concerns the installation. */
  workspaceId: string | null;
  target: { type: string; id: string };
  changes?: Changes;
}

/** An entry as it is written. */
export interface NewAuditEntry {
  id: string;
  workspaceId: string | null;
  actorId: string | null;
  apiKeyId: string | null;
  action: string;
  targetType: string;
  targetId: string;
  changes: Changes;
  ip: string | null;
  requestId: string | null;
}

/** An entry as the API shows it. Rows are read in this shape. */
export interface AuditEntry {
  id: string;
  at: Date;
  action: string;
  workspace_id: string | null;
  actor_id: string | null;
  api_key_id: string | null;
  target_type: string;
  target_id: string;
  changes: Changes;
  ip: string | null;
  request_id: string | null;
}
