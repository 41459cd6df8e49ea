import { Module } from '@nestjs/common';
import { ChatModule } from '../../chat/chat.module';
import { IdempotencyModule } from '../../idempotency/idempotency.module';
import { ProvidersModule } from '../../providers/providers.module';
import { CompletionsController } from './completions.controller';
import { ModelsController } from './models.controller';
import { OpenAiService } from './openai.service';

@Module({
  imports: [ChatModule, IdempotencyModule, ProvidersModule],
  controllers: [CompletionsController, ModelsController],
  providers: [OpenAiService],
})
export class OpenAiSurfaceModule {}
