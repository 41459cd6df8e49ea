import { type Role } from '../platform/common/auth/permissions';

/** An invitation that nobody has used, as the API shows it. Rows are read in this shape. */
export interface Invitation {
  id: string;
  workspace_id: string;
  email: string;
  role: Role;
  invited_by: string;
  expires_at: Date;
  created_at: Date;
}

/** What is known of an invitation at the moment somebody uses it. */
export interface OpenInvitation extends Invitation {
  /** What the inviter may give now. */
  inviterRole: Role;
  inviterSuspended: boolean;
}

/** Who stands where while an invitation is made. */
export interface InvitationStanding {
  /** Null when the caller was removed meanwhile. */
  caller: Role | null;
  /** Whether the address is a member's. */
  member: boolean;
}
