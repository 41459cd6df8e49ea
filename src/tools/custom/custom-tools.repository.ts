import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { changesOf } from '../../audit/audit.codec';
import { AuditService } from '../../audit/audit.service';
import { type Principal } from '../../platform/common/auth/principal';
import { type PageQuery } from '../../platform/common/http/pagination';
import { newId } from '../../platform/common/ids';
import { Invalidations } from '../../platform/database/invalidations';
import { toJsonb } from '../../platform/database/jsonb';
import { type Transaction } from '../../platform/database/transaction';
import { SecretsService } from '../../platform/secrets/secrets.service';
import { tooManyTools } from './custom-tools.errors';
import { type CustomTool, type NewCustomTool } from './custom-tools.types';

/** What every process forgets when the tools of a workspace change. */
export const CUSTOM_TOOLS_TOPIC = 'custom_tools';
/** Of one workspace: all of them are in memory while it is used. */
const MOST = 500;

const SHOWN = `SELECT id, kind, title, header_names, created_at, updated_at,
  (SELECT coalesce(jsonb_agg(operation ORDER BY position), '[]') FROM custom_tool_operations o
    WHERE o.workspace_id = t.workspace_id AND o.custom_tool_id = t.id) AS operations
  FROM custom_tools t`;

type LockedCustomTool = CustomTool & { secret_id: string | null };

@Injectable()
export class CustomToolsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly secrets: SecretsService,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  /** Null, and nothing is stored, when a name is taken; `too_many_tools` is thrown. */
  create(principal: Principal, tool: NewCustomTool): Promise<CustomTool | null> {
    const { workspaceId } = principal;
    const id = newId();
    return this.db.transaction(async (tx) => {
      await tx.query('SELECT FROM workspaces WHERE id = $1 FOR NO KEY UPDATE', [workspaceId]); // one at a time
      const names = tool.operations.map(({ name }) => name);
      const [found] = await tx.query<[{ count: number; taken: boolean }]>(
        `SELECT count(*)::int AS count, coalesce(bool_or(name = ANY ($2)), false) AS taken
         FROM custom_tool_operations WHERE workspace_id = $1`,
        [workspaceId, names],
      );
      if (found.taken) return null;
      if (found.count + names.length > MOST) throw tooManyTools(MOST);
      const secretId = await this.seal(tx, workspaceId, tool.headers);
      await tx.query(
        `INSERT INTO custom_tools (id, workspace_id, kind, title, header_names, secret_id) VALUES ($1, $2, $3, $4, $5, $6)`,
        [id, workspaceId, tool.kind, tool.title, Object.keys(tool.headers), secretId],
      );
      await tx.query(
        `INSERT INTO custom_tool_operations (workspace_id, custom_tool_id, name, position, operation)
         SELECT $1, $2, o->>'name', position, o FROM jsonb_array_elements($3) WITH ORDINALITY AS one (o, position)`,
        [workspaceId, id, toJsonb(tool.operations)],
      );
      const [made] = await tx.query<[CustomTool]>(`${SHOWN} WHERE id = $1`, [id]);
      await this.changed(tx, principal, 'custom_tool.created', id, null, made);
      return made;
    });
  }

  /** One more than the page holds. */
  list({ workspaceId }: Principal, { limit, after, order }: PageQuery): Promise<CustomTool[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<CustomTool[]>(
      `${SHOWN} WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id ${beyond} $2) ORDER BY id ${direction} LIMIT $3`,
      [workspaceId, after ?? null, limit + 1],
    );
  }

  /** In the order they were made. */
  all(workspaceId: string): Promise<CustomTool[]> {
    return this.db.query<CustomTool[]>(`${SHOWN} WHERE workspace_id = $1 ORDER BY id`, [workspaceId]);
  }

  async find({ workspaceId }: Principal, id: string): Promise<CustomTool | null> {
    const [tool] = await this.db.query<CustomTool[]>(`${SHOWN} WHERE workspace_id = $1 AND id = $2`, [workspaceId, id]);
    return tool ?? null;
  }

  /** The headers to send. Null when the tool is gone. Throws `secret_unreadable`. */
  async headersOf(workspaceId: string, id: string): Promise<Record<string, string> | null> {
    const [row] = await this.db.query<{ secret_id: string | null }[]>(
      'SELECT secret_id FROM custom_tools WHERE workspace_id = $1 AND id = $2',
      [workspaceId, id],
    );
    if (!row) return null;
    if (row.secret_id === null) return {};
    return JSON.parse(await this.secrets.get(workspaceId, row.secret_id)) as Record<string, string>;
  }

  /** Null when there is no such tool. */
  setHeaders(principal: Principal, id: string, headers: NewCustomTool['headers']): Promise<CustomTool | null> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      const before = await this.lock(tx, workspaceId, id);
      if (!before) return null;
      const secretId = await this.seal(tx, workspaceId, headers);
      await tx.query('UPDATE custom_tools SET header_names = $2, secret_id = $3, updated_at = now() WHERE id = $1', [
        id,
        Object.keys(headers),
        secretId,
      ]);
      if (before.secret_id) await this.secrets.delete(tx, workspaceId, before.secret_id);
      const [after] = await tx.query<[CustomTool]>(`${SHOWN} WHERE id = $1`, [id]);
      await this.changed(tx, principal, 'custom_tool.headers_replaced', id, before, after);
      return after;
    });
  }

  /** Whether it was there. */
  delete(principal: Principal, id: string): Promise<boolean> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      const before = await this.lock(tx, workspaceId, id);
      if (!before) return false;
      await tx.query('DELETE FROM custom_tools WHERE id = $1', [id]);
      if (before.secret_id) await this.secrets.delete(tx, workspaceId, before.secret_id);
      await this.changed(tx, principal, 'custom_tool.deleted', id, before, null);
      return true;
    });
  }

  private async lock(tx: Transaction, workspaceId: string, id: string): Promise<LockedCustomTool | null> {
    const where = 'WHERE workspace_id = $1 AND id = $2';
    const held = `SELECT secret_id FROM custom_tools ${where} FOR UPDATE`;
    const [owner] = await tx.query<{ secret_id: string | null }[]>(held, [workspaceId, id]);
    const [tool] = await tx.query<CustomTool[]>(`${SHOWN} ${where}`, [workspaceId, id]);
    return owner && tool ? { ...tool, ...owner } : null;
  }

  private async seal(tx: Transaction, workspaceId: string, headers: NewCustomTool['headers']): Promise<string | null> {
    return Object.keys(headers).length === 0 ? null : this.secrets.put(tx, workspaceId, JSON.stringify(headers));
  }

  private async changed(
    tx: Transaction,
    principal: Principal,
    action: `custom_tool.${string}`,
    id: string,
    before: CustomTool | null,
    after: CustomTool | null,
  ): Promise<void> {
    const { workspaceId } = principal;
    const target = { type: 'custom_tool', id };
    const changes = {
      ...changesOf(before, after, ['kind', 'title', 'header_names', 'updated_at']),
      ...changesOf(recorded(before), recorded(after), ['tools']),
    };
    await this.audit.record(tx, principal, { action, workspaceId, target, changes });
    await tx.query(...this.invalidations.announcement(CUSTOM_TOOLS_TOPIC, workspaceId));
  }
}

const recorded = (tool: CustomTool | null) =>
  tool && { tools: tool.operations.map(({ name, method, url }) => `${name}: ${method} ${url}`) };
