import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { dataSourceOptions } from './data-source';
import { DatabaseHealth } from './database.health';
import { Invalidations } from './invalidations';

@Global()
@Module({})
export class DatabaseModule {
  /** `url` is either the configured one or the embedded server's; the schema is already migrated. */
  static at(url: string): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(url),
          autoLoadEntities: true,
          retryAttempts: 3,
          retryDelay: 1000,
        }),
      ],
      providers: [{ provide: Invalidations, useFactory: () => new Invalidations(url) }, DatabaseHealth],
      exports: [Invalidations],
    };
  }
}
