import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { AlertsRepository } from './alerts.repository';
import { AlertsService } from './alerts.service';
import { BudgetsController } from './budgets.controller';
import { BudgetsRepository } from './budgets.repository';
import { BudgetsService } from './budgets.service';
import { LedgerRepository } from './ledger.repository';
import { LedgerService } from './ledger.service';
import { ReservationsRepository } from './reservations.repository';
import { ReservationsService } from './reservations.service';
import { RollupRepository } from './rollup.repository';
import { RollupService } from './rollup.service';
import { UsageController } from './usage.controller';
import { UsageRepository } from './usage.repository';
import { UsageService } from './usage.service';

@Module({
  imports: [AuditModule],
  controllers: [BudgetsController, UsageController],
  providers: [
    AlertsRepository,
    AlertsService,
    BudgetsRepository,
    BudgetsService,
    LedgerRepository,
    LedgerService,
    ReservationsRepository,
    ReservationsService,
    RollupRepository,
    RollupService,
    UsageRepository,
    UsageService,
  ],
  exports: [BudgetsService, LedgerService, ReservationsService, UsageService],
})
export class UsageModule {}
