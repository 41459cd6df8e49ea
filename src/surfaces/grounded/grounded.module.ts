import { Module } from '@nestjs/common';
import { ChatModule } from '../../chat/chat.module';
import { IdempotencyModule } from '../../idempotency/idempotency.module';
import { GroundedController } from './grounded.controller';
import { GroundedService } from './grounded.service';

@Module({
  imports: [ChatModule, IdempotencyModule],
  controllers: [GroundedController],
  providers: [GroundedService],
})
export class GroundedSurfaceModule {}
