import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { changesOf } from '../../audit/audit.codec';
import { AuditService } from '../../audit/audit.service';
import { type Principal } from '../../platform/common/auth/principal';
import { type PageQuery } from '../../platform/common/http/pagination';
import { newId } from '../../platform/common/ids';
import { Invalidations } from '../../platform/database/invalidations';
import { type Transaction } from '../../platform/database/transaction';
import { SecretsService } from '../../platform/secrets/secrets.service';
import { tooManyDatabases } from './databases.errors';
import { type NewDatabase, type RegisteredDatabase } from './databases.types';

/** What every process forgets when the databases of a workspace change. */
export const DATABASES_TOPIC = 'tool_databases';
const MOST = 50;
const COLUMNS = 'id, name, host, schemas, max_rows, statement_timeout_ms, created_at';

@Injectable()
export class DatabasesRepository {
  constructor(
    @InjectDataSource() private readonly db: DataSource,
    private readonly secrets: SecretsService,
    private readonly audit: AuditService,
    private readonly invalidations: Invalidations,
  ) {}

  /** Null, and nothing is stored, when the name is taken; `too_many_tools` is thrown. */
  create(principal: Principal, database: NewDatabase): Promise<RegisteredDatabase | null> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      await tx.query('SELECT FROM workspaces WHERE id = $1 FOR NO KEY UPDATE', [workspaceId]); // one at a time
      const names = await tx.query<{ name: string }[]>('SELECT name FROM tool_databases WHERE workspace_id = $1', [
        workspaceId,
      ]);
      if (names.some(({ name }) => name === database.name)) return null;
      if (names.length >= MOST) throw tooManyDatabases(MOST);
      const secretId = await this.secrets.put(tx, workspaceId, database.url);
      const [made] = await tx.query<[RegisteredDatabase]>(
        `INSERT INTO tool_databases (id, workspace_id, secret_id, name, host, schemas, max_rows, statement_timeout_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
        [
          newId(),
          workspaceId,
          secretId,
          database.name,
          database.host,
          database.schemas,
          database.max_rows,
          database.statement_timeout_ms,
        ],
      );
      await this.changed(tx, principal, 'tool_database.created', null, made);
      return made;
    });
  }

  /** One more than the page holds. */
  list({ workspaceId }: Principal, { limit, after, order }: PageQuery): Promise<RegisteredDatabase[]> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<RegisteredDatabase[]>(
      `SELECT ${COLUMNS} FROM tool_databases WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id ${beyond} $2)
       ORDER BY id ${direction} LIMIT $3`,
      [workspaceId, after ?? null, limit + 1],
    );
  }

  /** By name. */
  all(workspaceId: string): Promise<RegisteredDatabase[]> {
    return this.db.query<RegisteredDatabase[]>(
      `SELECT ${COLUMNS} FROM tool_databases WHERE workspace_id = $1 ORDER BY name`,
      [workspaceId],
    );
  }

  /** Null when it is gone. Throws `secret_unreadable`. */
  async urlOf(workspaceId: string, id: string): Promise<string | null> {
    const [row] = await this.db.query<{ secret_id: string }[]>(
      'SELECT secret_id FROM tool_databases WHERE workspace_id = $1 AND id = $2',
      [workspaceId, id],
    );
    return row ? this.secrets.get(workspaceId, row.secret_id) : null;
  }

  /** Whether it was there. */
  delete(principal: Principal, id: string): Promise<boolean> {
    const { workspaceId } = principal;
    return this.db.transaction(async (tx) => {
      const [[gone]] = await tx.query<[(RegisteredDatabase & { secret_id: string })[], number]>(
        `DELETE FROM tool_databases WHERE workspace_id = $1 AND id = $2 RETURNING ${COLUMNS}, secret_id`,
        [workspaceId, id],
      );
      if (!gone) return false;
      await this.secrets.delete(tx, workspaceId, gone.secret_id);
      await this.changed(tx, principal, 'tool_database.deleted', gone, null);
      return true;
    });
  }

  private async changed(
    tx: Transaction,
    principal: Principal,
    action: `tool_database.${string}`,
    before: RegisteredDatabase | null,
    after: RegisteredDatabase | null,
  ): Promise<void> {
    const { workspaceId } = principal;
    const target = { type: 'tool_database', id: (after ?? before)?.id ?? '' };
    const changes = changesOf(before, after, ['name', 'host', 'schemas', 'max_rows', 'statement_timeout_ms']);
    await this.audit.record(tx, principal, { action, workspaceId, target, changes });
    await tx.query(...this.invalidations.announcement(DATABASES_TOPIC, workspaceId));
  }
}
