import { Global, Module } from '@nestjs/common';
import { SseService } from './http/sse.service';
import { ReadinessChecks } from './readiness';

@Global()
@Module({ providers: [ReadinessChecks, SseService], exports: [ReadinessChecks, SseService] })
export class CommonModule {}
