import { Module } from '@nestjs/common';
import { UsageModule } from '../usage/usage.module';
import { ProvidersController } from './providers.controller';
import { ProvidersService } from './providers.service';
import { ProvidersStateService } from './providers-state.service';

@Module({
  imports: [UsageModule],
  controllers: [ProvidersController],
  providers: [ProvidersService, ProvidersStateService],
  exports: [ProvidersService],
})
export class ProvidersModule {}
