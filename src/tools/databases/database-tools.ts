import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Principal } from '../../platform/common/auth/principal';
import { Config } from '../../platform/config/config.service';
import { Invalidations } from '../../platform/database/invalidations';
import { LookupCache } from '../../platform/database/lookup-cache';
import { defineTool } from '../define-tool';
import { ToolError } from '../tools.errors';
import { type Tool, type ToolSource } from '../tools.types';
import { DatabaseSessions } from './database-sessions.repository';
import { DATABASES_TOPIC, DatabasesRepository } from './databases.repository';
import { type RegisteredDatabase } from './databases.types';
import { describe, select } from './sql-query';

export const SQL_QUERY = 'sql_query';
const REMEMBERED = { max: 1_000, ttlMs: 600_000 };
const LONGEST = 20_000;
/** For the connection, and what is asked beside the statement itself. */
const BESIDE_MS = 15_000;

/** `sql_query` of the databases that a workspace registered; without any there is no such tool. */
@Injectable()
export class DatabaseTools implements ToolSource {
  private readonly cache: LookupCache<{ workspaceId: string; tools: readonly Tool[] }>;
  private readonly disabled: boolean;

  constructor(
    { yaml }: Config,
    private readonly repository: DatabasesRepository,
    private readonly sessions: DatabaseSessions,
    invalidations: Invalidations,
  ) {
    this.disabled = yaml.tools.disabled.includes(SQL_QUERY);
    this.cache = new LookupCache({
      ...REMEMBERED,
      ownerOf: ({ workspaceId }) => workspaceId,
      trusted: () => invalidations.connected,
      load: async (workspaceId) => ({
        workspaceId,
        tools: this.toolsOf(workspaceId, await repository.all(workspaceId)),
      }),
    });
    invalidations.on(DATABASES_TOPIC, (workspaceId) => this.forget(workspaceId));
  }

  async tools({ workspaceId }: Principal): Promise<readonly Tool[]> {
    if (this.disabled) return [];
    return (await this.cache.get(workspaceId))?.tools ?? [];
  }

  /** Null for all. */
  forget(workspaceId: string | null): void {
    this.cache.forget(workspaceId);
    this.sessions.forget(workspaceId);
  }

  private toolsOf(workspaceId: string, databases: readonly RegisteredDatabase[]): Tool[] {
    const [first, ...more] = databases;
    if (!first) return [];
    const told = databases.map(({ name, schemas }) => `${name} (schemas ${schemas.join(', ')})`).join('; ');
    const tool = defineTool({
      name: SQL_QUERY,
      description:
        `Reads from a PostgreSQL database of this workspace: ${told}. Executes one SELECT and answers its rows as JSON. ` +
        "Leave 'sql' out to be told the tables and columns there are. Nothing can be changed.",
      input: z.object({
        database: z.enum([first.name, ...more.map(({ name }) => name)]),
        sql: z.string().min(1).max(LONGEST).optional().describe('One SELECT, without a semicolon'),
      }),
      sideEffects: 'reads',
      timeoutMs: Math.max(...databases.map((one) => one.statement_timeout_ms)) + BESIDE_MS,
      execute: ({ database: name, sql }, _context, signal) => {
        const database = databases.find((one) => one.name === name);
        if (!database) throw new ToolError(`There is no database '${name}'.`);
        const url = () => this.repository.urlOf(workspaceId, database.id);
        return this.sessions.read(
          workspaceId,
          database,
          url,
          (ask) => (sql === undefined ? describe(ask, database) : select(ask, database, sql)),
          signal,
        );
      },
    });
    return [tool];
  }
}
