/** SQL for a workspace `w` as its member `m` sees it: a `WorkspaceDto`. */
export const WORKSPACE = `w.id, w.name, w.personal_of IS NOT NULL AS personal, w.allow_unpriced AS allow_unpriced_models, m.role,
  w.suspended_at IS NOT NULL AS suspended, m.expires_at, w.created_at`;
