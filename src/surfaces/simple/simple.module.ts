import { Module } from '@nestjs/common';
import { ChatModule } from '../../chat/chat.module';
import { IdempotencyModule } from '../../idempotency/idempotency.module';
import { ChatController } from './simple.controller';
import { SimpleService } from './simple.service';

@Module({ imports: [ChatModule, IdempotencyModule], controllers: [ChatController], providers: [SimpleService] })
export class SimpleSurfaceModule {}
