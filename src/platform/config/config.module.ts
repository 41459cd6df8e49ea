import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Config } from './config.service';

@Global()
@Module({})
export class ConfigModule {
  /** `config` is loaded before Nest starts, so that a mistake is one sentence and not a stack. */
  static of(config: Config): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: Config, useValue: config }], exports: [Config] };
  }
}
