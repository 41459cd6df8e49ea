import { Module } from '@nestjs/common';
import { ProvidersModule } from '../providers/providers.module';
import { UsageModule } from '../usage/usage.module';
import { CallsService } from './calls.service';

@Module({ imports: [ProvidersModule, UsageModule], providers: [CallsService], exports: [CallsService] })
export class CallsModule {}
