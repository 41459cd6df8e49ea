import { Injectable } from '@nestjs/common';
import { type Discrepancy, LedgerAuditRepository } from './ledger-audit.repository';

/** Proves the ledger: for every budget, `spent` is the sum of usage rows and `reserved` that of live reservations. */
@Injectable()
export class LedgerAuditService {
  constructor(private readonly repository: LedgerAuditRepository) {}

  /** How many budgets were looked at, and those that disagree with their rows. */
  async verify(): Promise<{ budgets: number; discrepancies: Discrepancy[] }> {
    const [budgets, discrepancies] = await Promise.all([this.repository.count(), this.repository.discrepancies()]);
    return { budgets, discrepancies };
  }
}
