import { Module } from '@nestjs/common';
import { LedgerRepository } from './ledger.repository';
import { LedgerService } from './ledger.service';
import { RollupRepository } from './rollup.repository';
import { RollupService } from './rollup.service';
import { UsageController } from './usage.controller';
import { UsageRepository } from './usage.repository';
import { UsageService } from './usage.service';

@Module({
  controllers: [UsageController],
  providers: [LedgerRepository, LedgerService, RollupRepository, RollupService, UsageRepository, UsageService],
  exports: [LedgerService, UsageService],
})
export class UsageModule {}
