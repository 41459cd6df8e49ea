import { Module } from '@nestjs/common';
import { LedgerAuditRepository } from './ledger-audit.repository';
import { LedgerAuditService } from './ledger-audit.service';

/** By itself, so that the command line can look at the ledger without working on it. */
@Module({ providers: [LedgerAuditRepository, LedgerAuditService], exports: [LedgerAuditService] })
export class LedgerAuditModule {}
