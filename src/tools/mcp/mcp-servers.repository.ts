import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AuditService } from '../../audit/audit.service';
import { type Principal } from '../../platform/common/auth/principal';
import { type PageQuery } from '../../platform/common/http/pagination';
import { newId } from '../../platform/common/ids';
import { Invalidations } from '../../platform/database/invalidations';
import { toJsonb } from '../../platform/database/jsonb';
import { SecretsService } from '../../platform/secrets/secrets.service';
import { auditOf } from './mcp-servers.codec';
import { mcpServerExists, tooManyMcpServers } from './mcp-servers.errors';
import { type ListedTool, type McpListing, type McpTarget, type NewMcpServer, type StoredMcpServer } from './mcp.types';

/** Announced with the id of the server. */
export const MCP_SERVER_DELETED = 'mcp_server_deleted';
const MOST_SERVERS = 20;
const TARGET = 'id, workspace_id, name, transport, url, command, args, secret_id, timeout_ms';
const LISTING =
  'id, workspace_id, name, transport, timeout_ms, side_effects, trust_annotations, allowed_tools, listed_at, checked_at, error';
const SHOWN = `${LISTING}, url, command, args, secret_id, secret_names, tools, created_at`;
/** Asked again: often where it failed. */
const STALE = "checked_at < now() - CASE WHEN error IS NULL THEN interval '10 minutes' ELSE interval '1 minute' END";

/** What the tools of a workspace are made of, without the tools. */
export type McpSummary = McpListing & Pick<StoredMcpServer, 'transport' | 'allowed_tools' | 'checked_at' | 'error'>;

@Injectable()
export class McpServersRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly secrets: SecretsService,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  /** Throws `mcp_server_exists` and `too_many_mcp_servers`. */
  create(principal: Principal, server: NewMcpServer): Promise<StoredMcpServer> {
    const { workspaceId } = principal;
    const names = Object.keys(server.secrets);
    return this.db.transaction(async (tx) => {
      await tx.query('SELECT FROM workspaces WHERE id = $1 FOR NO KEY UPDATE', [workspaceId]);
      const others = await tx.query<{ name: string }[]>('SELECT name FROM mcp_servers WHERE workspace_id = $1', [
        workspaceId,
      ]);
      if (others.some(({ name }) => name === server.name)) throw mcpServerExists(server.name);
      if (others.length >= MOST_SERVERS) throw tooManyMcpServers(MOST_SERVERS);
      const secret = names.length > 0 ? await this.secrets.put(tx, workspaceId, JSON.stringify(server.secrets)) : null;
      const [row] = await tx.query<[StoredMcpServer]>(
        `INSERT INTO mcp_servers (id, workspace_id, name, transport, url, command, args, secret_names, secret_id,
           timeout_ms, side_effects, trust_annotations, allowed_tools)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING ${SHOWN}`,
        [
          newId(),
          workspaceId,
          server.name,
          server.transport,
          server.url,
          server.command,
          server.args,
          names,
          secret,
          server.timeout_ms,
          server.side_effects,
          server.trust_annotations,
          server.allowed_tools,
        ],
      );
      const target = { type: 'mcp_server', id: row.id };
      await this.audit.record(tx, principal, {
        action: 'mcp_server.created',
        workspaceId,
        target,
        changes: auditOf(null, row),
      });
      return row;
    });
  }

  /** One more than the page holds. */
  list({ workspaceId }: Principal, { limit, after, order }: PageQuery): Promise<StoredMcpServer[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<StoredMcpServer[]>(
      `SELECT ${SHOWN} FROM mcp_servers WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id ${beyond} $2)
       ORDER BY id ${direction} LIMIT $3`,
      [workspaceId, after ?? null, limit + 1],
    );
  }

  async find(workspaceId: string, id: string): Promise<StoredMcpServer | null> {
    const [row] = await this.db.query<StoredMcpServer[]>(
      `SELECT ${SHOWN} FROM mcp_servers WHERE workspace_id = $1 AND id = $2`,
      [workspaceId, id],
    );
    return row ?? null;
  }

  async findTarget(workspaceId: string, id: string): Promise<McpTarget | null> {
    const [row] = await this.db.query<McpTarget[]>(
      `SELECT ${TARGET} FROM mcp_servers WHERE workspace_id = $1 AND id = $2`,
      [workspaceId, id],
    );
    return row ?? null;
  }

  /** Of the workspace, the oldest first. */
  summaries(workspaceId: string): Promise<McpSummary[]> {
    return this.db.query<McpSummary[]>(`SELECT ${LISTING} FROM mcp_servers WHERE workspace_id = $1 ORDER BY id`, [
      workspaceId,
    ]);
  }

  toolsOf(workspaceId: string, ids: readonly string[]): Promise<Pick<StoredMcpServer, 'id' | 'listed_at' | 'tools'>[]> {
    return this.db.query('SELECT id, listed_at, tools FROM mcp_servers WHERE workspace_id = $1 AND id = ANY ($2)', [
      workspaceId,
      ids,
    ]);
  }

  /** Those whose tools are to be asked for again: each is given to one of all that ask for them. */
  async claimStale(workspaceId: string): Promise<McpSummary[]> {
    const [rows] = await this.db.query<[McpSummary[], number]>(
      `UPDATE mcp_servers SET checked_at = now() WHERE workspace_id = $1 AND ${STALE} RETURNING ${LISTING}`,
      [workspaceId],
    );
    return rows;
  }

  /** The same tools again are not newer. */
  async saveTools(workspaceId: string, id: string, tools: readonly ListedTool[]): Promise<void> {
    await this.db.query(
      `UPDATE mcp_servers SET tools = $3, checked_at = now(), error = NULL,
         listed_at = CASE WHEN listed_at IS NOT NULL AND tools = $3::jsonb THEN listed_at ELSE clock_timestamp() END
       WHERE workspace_id = $1 AND id = $2`,
      [workspaceId, id, toJsonb(tools)],
    );
  }

  /** What it listed before stays. */
  async saveFailure(workspaceId: string, id: string, error: string): Promise<void> {
    await this.db.query('UPDATE mcp_servers SET checked_at = now(), error = $3 WHERE workspace_id = $1 AND id = $2', [
      workspaceId,
      id,
      error.replaceAll('\0', '\uFFFD').toWellFormed(),
    ]);
  }

  /** With its secret. Whether it was there. */
  delete(principal: Principal, id: string): Promise<boolean> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      const [[row]] = await tx.query<[StoredMcpServer[], number]>(
        `DELETE FROM mcp_servers WHERE workspace_id = $1 AND id = $2 RETURNING ${SHOWN}`,
        [workspaceId, id],
      );
      if (!row) return false;
      if (row.secret_id !== null) await this.secrets.delete(tx, workspaceId, row.secret_id);
      const target = { type: 'mcp_server', id };
      const changes = auditOf(row, null);
      await this.audit.record(tx, principal, { action: 'mcp_server.deleted', workspaceId, target, changes });
      await tx.query(...this.invalidations.announcement(MCP_SERVER_DELETED, id));
      return true;
    });
  }
}
