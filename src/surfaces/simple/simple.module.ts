import { Module } from '@nestjs/common';
import { ChatModule } from '../../chat/chat.module';
import { IdempotencyModule } from '../../idempotency/idempotency.module';
import { UsageModule } from '../../usage/usage.module';
import { ChatController } from './simple.controller';
import { SimpleService } from './simple.service';

@Module({
  imports: [ChatModule, IdempotencyModule, UsageModule],
  controllers: [ChatController],
  providers: [SimpleService],
})
export class SimpleSurfaceModule {}
