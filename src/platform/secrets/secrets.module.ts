import { Global, Module } from '@nestjs/common';
import { KeyRing } from './key-ring';
import { SecretsRepository } from './secrets.repository';
import { SecretsService } from './secrets.service';

@Global()
@Module({ providers: [KeyRing, SecretsRepository, SecretsService], exports: [SecretsService] })
export class SecretsModule {}
