import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module';
import { AlertsRepository } from './alerts.repository';
import { AlertsService } from './alerts.service';
import { BudgetsController } from './budgets.controller';
import { BudgetsRepository } from './budgets.repository';
import { BudgetsService } from './budgets.service';
import { LedgerRepository } from './ledger.repository';
import { LedgerService } from './ledger.service';
import { LimitsController } from './limits.controller';
import { LimitsService } from './limits.service';
import { RateLimitInterceptor } from './rate-limit.interceptor';
import { RateLimitsService } from './rate-limits.service';
import { ReservationsRepository } from './reservations.repository';
import { ReservationsService } from './reservations.service';
import { RollupRepository } from './rollup.repository';
import { RollupService } from './rollup.service';
import { UsageController } from './usage.controller';
import { UsageRepository } from './usage.repository';
import { UsageService } from './usage.service';

@Module({
  imports: [AuditModule],
  controllers: [BudgetsController, LimitsController, UsageController],
  providers: [
    AlertsRepository,
    AlertsService,
    BudgetsRepository,
    BudgetsService,
    LedgerRepository,
    LedgerService,
    LimitsService,
    RateLimitsService,
    ReservationsRepository,
    ReservationsService,
    RollupRepository,
    RollupService,
    UsageRepository,
    UsageService,
    { provide: APP_INTERCEPTOR, useClass: RateLimitInterceptor },
  ],
  exports: [BudgetsService, LedgerService, RateLimitsService, ReservationsService, UsageService],
})
export class UsageModule {}
