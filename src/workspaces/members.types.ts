import { type Restrictions } from '../platform/common/auth/access-rules';
import { type Role } from '../platform/common/auth/permissions';

/** A member as the API shows them. Rows are read in this shape. */
export interface Member extends Restrictions {
  user_id: string;
  email: string;
  name: string | null;
  role: Role;
  /** From then on they can do nothing here; null: never. */
  expires_at: Date | null;
  created_at: Date;
}

/** What can be changed of a membership. Absent: it stays. */
export interface MemberChange extends Partial<Restrictions> {
  role?: Role;
  expires_at?: Date | null;
}

/** Who stands where in a workspace while a change of one membership is decided. */
export interface Standing {
  /** Null when the caller was removed meanwhile. */
  caller: Role | null;
  /** Null when there is no such member. */
  member: Role | null;
  /** The caller is the member. */
  self: boolean;
  owners: number;
  /** The workspace is this member's personal one. */
  personal: boolean;
}
