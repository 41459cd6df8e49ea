import { Global, Module } from '@nestjs/common';
import { ReadinessChecks } from './readiness';

@Global()
@Module({ providers: [ReadinessChecks], exports: [ReadinessChecks] })
export class CommonModule {}
