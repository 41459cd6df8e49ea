import { Module } from '@nestjs/common';
import { CallsModule } from '../calls/calls.module';
import { ChatService } from './chat.service';

@Module({ imports: [CallsModule], providers: [ChatService], exports: [ChatService] })
export class ChatModule {}
