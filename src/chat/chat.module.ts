import { Module } from '@nestjs/common';
import { CallsModule } from '../calls/calls.module';
import { ChatService } from './chat.service';
import { GenerationsService } from './generations.service';

@Module({
  imports: [CallsModule],
  providers: [ChatService, GenerationsService],
  exports: [ChatService, GenerationsService],
})
export class ChatModule {}
