import { Module } from '@nestjs/common';
import { CallsModule } from '../../calls/calls.module';
import { IdempotencyModule } from '../../idempotency/idempotency.module';
import { EmbeddingsController } from './embeddings.controller';
import { EmbeddingsService } from './embeddings.service';

@Module({
  imports: [CallsModule, IdempotencyModule],
  controllers: [EmbeddingsController],
  providers: [EmbeddingsService],
})
export class EmbeddingsModule {}
