import { type Restrictions } from '../platform/common/auth/access-rules';
import { type Scope } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';

/** A key as the API shows it. Rows are read in this shape. */
export interface ApiKey extends Restrictions {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[] | null;
  workspace_id: string;
  user_id: string;
  expires_at: Date | null;
  last_used_at: Date | null;
  created_at: Date;
}

/** What is remembered of a key in use. */
export interface KnownApiKey {
  readonly principal: Principal & { readonly apiKeyId: string };
  /** Its user, or its workspace, is refused everything. */
  readonly suspended: boolean;
  /** Milliseconds since 1970; Infinity when it doesn't expire. */
  readonly expiresAt: number;
  /** When its member's time in the workspace is over, likewise. */
  readonly memberUntil: number;
  /** When its last use was noted, in the same measure. */
  lastNotedAt: number;
}

/** A key under change. */
export interface LockedApiKey extends ApiKey {
  /** Rotated: another one took its place. */
  retired: boolean;
}

/** What can be said of a key when it is made. */
export interface ApiKeySettings extends Restrictions {
  name: string;
  scopes: readonly Scope[] | null;
  expires_at: Date | null;
}

export interface NewApiKey {
  id: string;
  prefix: string;
  keyHash: Buffer;
}
