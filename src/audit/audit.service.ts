import { Injectable } from '@nestjs/common';
import { currentRequest } from '../platform/common/http/request-context';
import { type Page, toPage } from '../platform/common/http/pagination';
import { newId } from '../platform/common/ids';
import { type Transaction } from '../platform/database/transaction';
import { type AuditQuery } from './audit.dto';
import { AuditRepository } from './audit.repository';
import { type Actor, type AuditEntry, type AuditEvent } from './audit.types';

/** The append-only log of who changed what. */
@Injectable()
export class AuditService {
  constructor(private readonly entries: AuditRepository) {}

  /**
   * Writes that something happened, with the address and the id of the request that is being served. Nothing when its
   * `changes` are none.
   * @param tx the transaction of the change itself: there is never one without the other
   */
  async record(tx: Transaction, actor: Actor, { action, workspaceId, target, changes }: AuditEvent): Promise<void> {
    if (changes && Object.keys(changes).length === 0) return;
    const request = currentRequest();
    await this.entries.add(tx, {
      id: newId(),
      workspaceId,
      actorId: actor?.userId ?? null,
      apiKeyId: actor?.apiKeyId ?? null,
      action,
      targetType: target.type,
      targetId: target.id,
      changes: changes ?? {},
      ip: request?.ip ?? null,
      requestId: request?.id ?? null,
    });
  }

  /** @param workspaceId null for what concerns the installation */
  async list(workspaceId: string | null, query: AuditQuery): Promise<Page<AuditEntry>> {
    return toPage(await this.entries.list(workspaceId, query), query.limit, (entry) => entry);
  }
}
