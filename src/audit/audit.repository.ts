import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { toJsonb } from '../platform/database/jsonb';
import { type Transaction } from '../platform/database/transaction';
import { type AuditQuery } from './audit.dto';
import { type AuditEntry, type NewAuditEntry } from './audit.types';

const SHOWN = 'id, at, action, workspace_id, actor_id, api_key_id, target_type, target_id, changes, ip, request_id';

/** What only those do who run the installation: it is in their log beside that of the workspace. */
const OPERATORS_OWN = ['workspace.suspended', 'workspace.resumed', 'workspace.tier_changed', 'api_key.tier_changed']
  .map((action) => `'${action}'`)
  .join(', ');

/** Adds and reads; the database refuses anything else. */
@Injectable()
export class AuditRepository {
  constructor(@InjectDataSource() private readonly db: DataSource) {}

  async add(tx: Transaction, entry: NewAuditEntry): Promise<void> {
    await tx.query(
      `INSERT INTO audit_log (id, workspace_id, actor_id, api_key_id, action, target_type, target_id, changes, ip, request_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        entry.id,
        entry.workspaceId,
        entry.actorId,
        entry.apiKeyId,
        entry.action,
        entry.targetType,
        entry.targetId,
        toJsonb(entry.changes),
        entry.ip,
        entry.requestId,
      ],
    );
  }

  /** One more than the page holds. @param workspaceId null for what concerns the installation */
  list(workspaceId: string | null, query: AuditQuery): Promise<AuditEntry[]> {
    const [beyond, direction] = query.order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    return this.db.query<AuditEntry[]>(
      `SELECT ${SHOWN} FROM audit_log
       WHERE ${workspaceId === null ? `$1::uuid IS NULL AND (workspace_id IS NULL OR action IN (${OPERATORS_OWN}))` : 'workspace_id = $1'}
         AND ($2::uuid IS NULL OR id ${beyond} $2) AND ($3::text IS NULL OR action = $3)
         AND ($4::uuid IS NULL OR actor_id = $4)
         AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6)
       ORDER BY id ${direction} LIMIT $7`,
      [
        workspaceId,
        query.after ?? null,
        query.action ?? null,
        query.actor_id ?? null,
        query.from ?? null,
        query.to ?? null,
        query.limit + 1,
      ],
    );
  }
}
