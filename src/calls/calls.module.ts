import { Module } from '@nestjs/common';
import { ProvidersModule } from '../providers/providers.module';
import { UsageModule } from '../usage/usage.module';
import { CallsService } from './calls.service';
import { FlatCallsService } from './flat-calls.service';

@Module({
  imports: [ProvidersModule, UsageModule],
  providers: [CallsService, FlatCallsService],
  exports: [CallsService, FlatCallsService],
})
export class CallsModule {}
