import { Module } from '@nestjs/common';
import { ChatModule } from '../../chat/chat.module';
import { SimpleController } from './simple.controller';
import { SimpleService } from './simple.service';

@Module({ imports: [ChatModule], controllers: [SimpleController], providers: [SimpleService] })
export class SimpleSurfaceModule {}
