import { Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { DomainError } from '../platform/common/errors/domain.error';
import { ClientGone } from '../platform/common/http/client-gone';
import { newId } from '../platform/common/ids';
import { type PicoUsd } from '../platform/common/money';
import { budgetExceeded, modelUnpriced } from '../usage/budgets.errors';
import { LedgerService } from '../usage/ledger.service';
import { ReservationsService } from '../usage/reservations.service';
import { type CallRecord, type UsageKind } from '../usage/usage.types';

/** A call of something that has a price of its own, and counts no tokens. */
export interface FlatOrder {
  principal: Principal;
  kind: UsageKind;
  provider: string;
  model: string;
  /** Null when it is not known. */
  cost: PicoUsd | null;
  requestId: string;
}

/** Calls with a flat price: held before they leave, on the ledger while they run, billed when they succeed. */
@Injectable()
export class FlatCallsService {
  constructor(
    private readonly ledger: LedgerService,
    private readonly reservations: ReservationsService,
  ) {}

  /** Throws `budget_exceeded` and `model_unpriced` before anything leaves, and what the call throws. */
  async run<T>(order: FlatOrder, call: () => Promise<T>): Promise<T> {
    const { principal } = order;
    const callId = newId();
    const record = startRecord(order, callId);
    const live = { id: record.id, record: () => record };
    await this.hold(principal, callId, order.cost);
    try {
      await this.ledger.open(live);
    } catch (error) {
      this.ledger.settle(callId, []);
      throw error;
    }
    const began = performance.now();
    try {
      const answer = await call();
      Object.assign(record, { outcome: 'success' });
      return answer;
    } catch (error) {
      const gone = error instanceof ClientGone;
      // Who gave no answer bills nothing; who was not waited for may.
      Object.assign(record, {
        outcome: gone ? 'cancelled' : 'error',
        errorCode: error instanceof DomainError ? error.code : null,
        ...(gone ? {} : { cost: order.cost === null ? null : 0n }),
      });
      throw error;
    } finally {
      record.latencyMs = Math.round(performance.now() - began);
      this.ledger.settle(callId, [live]);
    }
  }

  private async hold(principal: Principal, callId: string, usd: PicoUsd | null): Promise<void> {
    if (!(await this.reservations.budgeted(principal))) return;
    const amount = { usd, tokens: 0 };
    let full = await this.reservations.reserve(principal, callId, amount);
    if (full.length === 0) return;
    await this.ledger.settled(); // what was answered a moment ago may still be held
    full = await this.reservations.reserve(principal, callId, amount);
    if (full.length === 0) return;
    throw full.some(({ unpriced }) => unpriced) ? modelUnpriced() : budgetExceeded(full, amount);
  }
}

/** As it would be billed if its process died now. */
const startRecord = ({ principal, kind, provider, model, cost, requestId }: FlatOrder, callId: string): CallRecord => ({
  id: newId(),
  callId,
  superseded: false,
  at: new Date(),
  workspaceId: principal.workspaceId,
  userId: principal.userId,
  apiKeyId: principal.apiKeyId,
  endUser: null,
  kind,
  provider,
  model,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  cost,
  estimated: false,
  outcome: 'interrupted',
  errorCode: null,
  latencyMs: 0,
  ttftMs: null,
  requestId,
  messageId: null,
});
