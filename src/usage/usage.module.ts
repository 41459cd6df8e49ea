import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { LedgerRepository } from './ledger.repository';
import { LedgerService } from './ledger.service';
import { LimitsController } from './limits.controller';
import { LimitsService } from './limits.service';
import { RateLimitInterceptor } from './rate-limit.interceptor';
import { RateLimitsService } from './rate-limits.service';
import { UsageController } from './usage.controller';
import { UsageRepository } from './usage.repository';
import { UsageService } from './usage.service';

@Module({
  controllers: [UsageController, LimitsController],
  providers: [
    LedgerRepository,
    LedgerService,
    LimitsService,
    RateLimitsService,
    UsageRepository,
    UsageService,
    { provide: APP_INTERCEPTOR, useClass: RateLimitInterceptor },
  ],
  exports: [LedgerService, RateLimitsService, UsageService],
})
export class UsageModule {}
