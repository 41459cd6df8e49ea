import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { type Principal } from '../platform/common/auth/principal';
import { type AllowedHosts } from '../platform/net/allowed-hosts';
import { Invalidations } from '../platform/database/invalidations';
import { type ToolSettings } from './tool-settings.types';

/** What every process is told when the settings of a workspace change. */
export const TOOL_SETTINGS_CHANGED = 'tool_settings';

@Injectable()
export class ToolSettingsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly invalidations: Invalidations,
    private readonly audit: AuditService,
  ) {}

  /** Those of a workspace that never said anything are the defaults. */
  find(workspaceId: string): Promise<ToolSettings> {
    return find(this.db.manager, workspaceId);
  }

  put(principal: Principal, allowedHosts: AllowedHosts): Promise<void> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      // One change after the other, so that the log says what was before.
      await tx.query('SELECT 1 FROM workspaces WHERE id = $1 FOR NO KEY UPDATE', [workspaceId]);
      const before = await find(tx, workspaceId);
      await tx.query(
        `INSERT INTO tool_settings (workspace_id, allowed_hosts) VALUES ($1, $2)
         ON CONFLICT (workspace_id) DO UPDATE SET allowed_hosts = excluded.allowed_hosts, updated_at = now()`,
        [workspaceId, allowedHosts],
      );
      const changes = changesOf({ allowed_hosts: before.allowedHosts }, { allowed_hosts: allowedHosts }, [
        'allowed_hosts',
      ]);
      const target = { type: 'workspace', id: workspaceId };
      await this.audit.record(tx, principal, { action: 'tools.settings_changed', workspaceId, target, changes });
      await tx.query(...this.invalidations.announcement(TOOL_SETTINGS_CHANGED, workspaceId));
    });
  }
}

async function find(db: EntityManager, workspaceId: string): Promise<ToolSettings> {
  const [found] = await db.query<{ allowed_hosts: string[] | null }[]>(
    'SELECT allowed_hosts FROM tool_settings WHERE workspace_id = $1',
    [workspaceId],
  );
  return { workspaceId, allowedHosts: found?.allowed_hosts ?? null };
}
