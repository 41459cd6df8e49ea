import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { changesOf } from '../audit/audit.codec';
import { AuditService } from '../audit/audit.service';
import { type Principal } from '../platform/common/auth/principal';
import { type PageQuery } from '../platform/common/http/pagination';
import { isUuid, newId } from '../platform/common/ids';
import { agentNameTaken } from './agents.errors';
import { type AgentDefinition, type StoredAgent, type StoredAgentVersion } from './agents.types';

const SHOWN = `SELECT a.id, a.current_version AS version, v.definition, a.created_by, a.created_at, a.updated_at
  FROM agents a JOIN agent_versions v ON v.agent_id = a.id AND v.version = a.current_version`;
const VERSIONS = `SELECT v.id, v.agent_id, v.version, v.definition, v.created_by, v.created_at
  FROM agents a JOIN agent_versions v ON v.agent_id = a.id`;
const LIVING = 'a.workspace_id = $1 AND a.deleted_at IS NULL';

/** What the audit log tells of a version; the rest is in the version itself. */
const RECORDED = [
  ...['name', 'version', 'model', 'tools', 'collection_ids', 'approve'],
  ...['max_steps', 'max_cost_usd', 'max_duration_ms'],
] as const;

/** The tenant is part of every query: a stranger's agent is simply not there. */
@Injectable()
export class AgentsRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly audit: AuditService,
  ) {}

  /** Throws `agent_name_taken`. */
  create(principal: Principal, definition: AgentDefinition): Promise<StoredAgent> {
    const { workspaceId, userId } = principal;
    return this.transaction(async (tx) => {
      const id = newId();
      await tx.query('INSERT INTO agents (id, workspace_id, name, created_by) VALUES ($1, $2, $3, $4)', [
        id,
        workspaceId,
        definition.name,
        userId,
      ]);
      return this.addVersion(tx, principal, { id, version: 1, definition }, null);
    });
  }

  find(principal: Principal, id: string): Promise<StoredAgent | null> {
    return find(this.db.manager, principal, id);
  }

  /** One more than the page holds. */
  list({ workspaceId }: Principal, { limit, after, order }: PageQuery): Promise<StoredAgent[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<StoredAgent[]>(
      `${SHOWN} WHERE ${LIVING} AND ($2::uuid IS NULL OR a.id ${beyond} $2) ORDER BY a.id ${direction} LIMIT $3`,
      [workspaceId, after ?? null, limit + 1],
    );
  }

  /**
   * Adds a version, unless it would say what the current one says. Null when the agent isn't there any more. Throws
   * `agent_name_taken`.
   * @param change is given the agent as it stands, which nobody else changes meanwhile; throws to refuse
   */
  update(
    principal: Principal,
    id: string,
    change: (before: StoredAgent) => AgentDefinition,
  ): Promise<StoredAgent | null> {
    const { workspaceId } = principal;
    return this.transaction(async (tx) => {
      // A statement of its own: one that had waited would look for the version it first saw, and find nothing.
      await tx.query('SELECT 1 FROM agents WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE', [workspaceId, id]);
      const before = await find(tx, principal, id);
      if (!before) return null;
      const definition = change(before);
      if (isDeepStrictEqual(definition, before.definition)) return before;
      const version = before.version + 1;
      await tx.query(
        'UPDATE agents SET name = $3, current_version = $4, updated_at = now() WHERE workspace_id = $1 AND id = $2',
        [workspaceId, id, definition.name, version],
      );
      return this.addVersion(tx, principal, { id, version, definition }, before);
    });
  }

  /** Gone from every read with its versions; false when it isn't there. */
  softDelete(principal: Principal, id: string): Promise<boolean> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      const [[deleted]] = await tx.query<[{ name: string; version: number }[], number]>(
        `UPDATE agents SET deleted_at = now() WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL
         RETURNING name, current_version AS version`,
        [workspaceId, id],
      );
      if (!deleted) return false;
      const changes = changesOf(deleted, null, ['name', 'version']);
      const target = { type: 'agent', id };
      await this.audit.record(tx, principal, { action: 'agent.deleted', workspaceId, target, changes });
      return true;
    });
  }

  /** One more than the page holds. */
  versions({ workspaceId }: Principal, id: string, { limit, after, order }: PageQuery): Promise<StoredAgentVersion[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<StoredAgentVersion[]>(
      `${VERSIONS} WHERE ${LIVING} AND a.id = $2
         AND ($3::uuid IS NULL OR v.version ${beyond} (SELECT version FROM agent_versions WHERE agent_id = $2 AND id = $3))
       ORDER BY v.version ${direction} LIMIT $4`,
      [workspaceId, id, after ?? null, limit + 1],
    );
  }

  /**
   * @param agent its id or its name: no name is an id
   * @param version null for the current one
   */
  async findVersion(
    { workspaceId }: Principal,
    agent: string,
    version: number | null,
  ): Promise<StoredAgentVersion | null> {
    const [found] = await this.db.query<StoredAgentVersion[]>(
      `${VERSIONS} WHERE ${LIVING} AND ${isUuid(agent) ? 'a.id' : 'a.name'} = $2
         AND v.version = coalesce($3, a.current_version)`,
      [workspaceId, agent, version],
    );
    return found ?? null;
  }

  private async addVersion(
    tx: EntityManager,
    principal: Principal,
    { id, version, definition }: Pick<StoredAgent, 'id' | 'version' | 'definition'>,
    before: StoredAgent | null,
  ): Promise<StoredAgent> {
    const { workspaceId, userId } = principal;
    await tx.query(
      `INSERT INTO agent_versions (id, workspace_id, agent_id, version, definition, created_by)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [newId(), workspaceId, id, version, JSON.stringify(definition), userId],
    );
    const after = await find(tx, principal, id);
    if (!after) throw new Error(`agent ${id} is gone within its transaction`);
    const action = before ? 'agent.changed' : 'agent.created';
    const changes = changesOf(before && flat(before), flat(after), RECORDED);
    await this.audit.record(tx, principal, { action, workspaceId, target: { type: 'agent', id }, changes });
    return after;
  }

  /** Who comes second with a name waits in its index for the first, and is refused there. */
  private async transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.db.transaction(work);
    } catch (error) {
      throw isNameClash(error) ? agentNameTaken() : error;
    }
  }
}

async function find(db: EntityManager, { workspaceId }: Principal, id: string): Promise<StoredAgent | null> {
  const [found] = await db.query<StoredAgent[]>(`${SHOWN} WHERE ${LIVING} AND a.id = $2`, [workspaceId, id]);
  return found ?? null;
}

const flat = ({ version, definition }: StoredAgent) => ({ ...definition, version });

const isNameClash = (error: unknown): boolean =>
  error instanceof QueryFailedError &&
  (error.driverError as Error & { constraint?: string }).constraint === 'agents_name';
