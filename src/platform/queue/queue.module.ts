import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { type Queue } from 'bullmq';
import { Config } from '../config/config.service';
import { postgresBackend, QUEUE_BACKEND, type QueueBackend, redisBackend } from './queue-backend';
import { ALL_QUEUES, QueueLifecycle } from './queue-lifecycle';
import { QUEUES } from './queues';

@Module({})
class QueueBackendModule {
  static at(databaseUrl: string): DynamicModule {
    const backend = {
      provide: QUEUE_BACKEND,
      inject: [Config],
      useFactory: ({ env }: Config) => (env.REDIS_URL ? redisBackend(env.REDIS_URL) : postgresBackend(databaseUrl)),
    };
    return { module: QueueBackendModule, providers: [backend], exports: [QUEUE_BACKEND] };
  }
}

/** Jobs of BullMQ: in Redis when `REDIS_URL` is set, else in the database. A `@Processor` is its queue's worker. */
@Global()
@Module({})
export class QueueModule {
  static at(databaseUrl: string): DynamicModule {
    const backend = QueueBackendModule.at(databaseUrl);
    const connected = BullModule.forRootAsync({
      imports: [backend],
      inject: [QUEUE_BACKEND],
      useFactory: ({ options }: QueueBackend) => options,
      extraOptions: { manualRegistration: true },
    });
    const queues = BullModule.registerQueue(...QUEUES.map((name) => ({ name })));
    const all = {
      provide: ALL_QUEUES,
      inject: QUEUES.map((name) => getQueueToken(name)),
      useFactory: (...queues: Queue[]) => queues,
    };
    return {
      module: QueueModule,
      imports: [backend, connected, queues, DiscoveryModule],
      providers: [all, QueueLifecycle],
      exports: [queues],
    };
  }
}
