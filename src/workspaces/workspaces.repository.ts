import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { WORKSPACE } from './workspaces.codec';
import { type WorkspaceSettingsDto } from './workspaces.dto';
import { type WorkspaceDto } from './workspaces.types';

@Injectable()
export class WorkspacesRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly audit: AuditService,
  ) {}

  /** Those the caller is in; for an API key the one it is bound to. One more than the page holds. */
  list({ userId, workspaceId, apiKeyId }: Principal, { limit, after, order }: PageQuery): Promise<WorkspaceDto[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<WorkspaceDto[]>(
      `SELECT ${WORKSPACE} FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
       WHERE m.user_id = $1 AND ($2::uuid IS NULL OR w.id = $2) AND ($3::uuid IS NULL OR w.id ${beyond} $3)
       ORDER BY w.id ${direction} LIMIT $4`,
      [userId, apiKeyId && workspaceId, after ?? null, limit + 1],
    );
  }

  async find({ userId, workspaceId }: Principal): Promise<WorkspaceDto | null> {
    const [workspace] = await this.db.query<WorkspaceDto[]>(
      `SELECT ${WORKSPACE} FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
       WHERE m.user_id = $1 AND m.workspace_id = $2`,
      [userId, workspaceId],
    );
    return workspace ?? null;
  }

  /** With the caller as its owner. */
  create(caller: Principal, name: string): Promise<WorkspaceDto> {
    return this.db.transaction(async (tx) => {
      const [workspace] = await tx.query<[WorkspaceDto]>(
        `WITH w AS (INSERT INTO workspaces (id, name) VALUES ($1, $2) RETURNING *),
              m AS (INSERT INTO memberships (workspace_id, user_id, role) SELECT id, $3, 'owner' FROM w RETURNING *)
         SELECT ${WORKSPACE} FROM w, m`,
        [newId(), name, caller.userId],
      );
      await this.audit.record(tx, caller, {
        action: 'workspace.created',
        workspaceId: workspace.id,
        target: { type: 'workspace', id: workspace.id },
        changes: changesOf(null, workspace, ['name']),
      });
      return workspace;
    });
  }

  update(caller: Principal, { name, allow_unpriced_models }: WorkspaceSettingsDto): Promise<WorkspaceDto | null> {
    const { userId, workspaceId } = caller;
    return this.db.transaction(async (tx) => {
      const [before] = await tx.query<WorkspaceDto[]>(
        `SELECT ${WORKSPACE} FROM workspaces w JOIN memberships m ON m.workspace_id = w.id
         WHERE w.id = $1 AND m.user_id = $2 FOR NO KEY UPDATE OF w`,
        [workspaceId, userId],
      );
      if (!before) return null;
      const [[workspace]] = await tx.query<[[WorkspaceDto], number]>(
        `UPDATE workspaces w SET name = coalesce($3, name), allow_unpriced = coalesce($4, allow_unpriced), updated_at = now()
         FROM memberships m WHERE w.id = $2 AND m.workspace_id = w.id AND m.user_id = $1 RETURNING ${WORKSPACE}`,
        [userId, workspaceId, name ?? null, allow_unpriced_models ?? null],
      );
      await this.audit.record(tx, caller, {
        action: 'workspace.changed',
        workspaceId,
        target: { type: 'workspace', id: workspaceId },
        changes: changesOf(before, workspace, ['name', 'allow_unpriced_models']),
      });
      return workspace;
    });
  }
}
