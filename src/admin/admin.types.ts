/** A person as those who run the installation see them. Rows are read in this shape. */
export interface AdminUser {
  id: string;
  email: string;
  name: string | null;
  instance_admin: boolean;
  suspended: boolean;
  tier: string | null;
  created_at: Date;
}

export interface AdminWorkspace {
  id: string;
  name: string;
  personal: boolean;
  owner: string | null;
  members: number;
  suspended: boolean;
  tier: string | null;
  created_at: Date;
}

export interface AdminApiKey {
  id: string;
  name: string;
  prefix: string;
  workspace_id: string;
  user_id: string;
  tier: string | null;
}

/** Absent fields stay as they are. */
export type UserChange = Partial<Pick<AdminUser, 'instance_admin' | 'suspended' | 'tier'>>;
export type WorkspaceChange = Partial<Pick<AdminWorkspace, 'suspended' | 'tier'>>;
