import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChatModule } from '../chat/chat.module';
import { IdempotencyModule } from '../idempotency/idempotency.module';
import { ProvidersModule } from '../providers/providers.module';
import { RagModule } from '../rag/rag.module';
import { ToolsModule } from '../tools/tools.module';
import { AnswerStreams } from './answer-streams.service';
import { AnswersController } from './answers.controller';
import { AnswersService } from './answers.service';
import { Conversation } from './conversation.entity';
import { ConversationsController } from './conversations.controller';
import { ConversationsRepository } from './conversations.repository';
import { ConversationsService } from './conversations.service';
import { StoredMessage } from './message.entity';
import { TurnsRepository } from './turns.repository';
import { TurnsService } from './turns.service';

@Module({
  imports: [
    TypeOrmModule.forFeature([Conversation, StoredMessage]),
    ChatModule,
    IdempotencyModule,
    ProvidersModule,
    RagModule,
    ToolsModule,
  ],
  controllers: [ConversationsController, AnswersController],
  providers: [
    AnswersService,
    AnswerStreams,
    ConversationsRepository,
    ConversationsService,
    TurnsRepository,
    TurnsService,
  ],
})
export class ConversationsModule {}
