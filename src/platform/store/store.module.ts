import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ReadinessChecks } from '../common/readiness';
import { Config } from '../config/config.service';
import { memoryStore } from './memory-store';
import { redisStore } from './redis-store';
import { Counters, Marks, Slots, type Store, StreamLogs, Windows } from './store.types';

const STORE = Symbol('Store');

/** What processes share for a short while: on Redis when `REDIS_URL` is set, else in the memory of this one. */
@Global()
@Module({
  providers: [
    {
      provide: STORE,
      inject: [Config],
      useFactory: ({ env }: Config) => (env.REDIS_URL ? redisStore(env.REDIS_URL) : memoryStore()),
    },
    { provide: StreamLogs, inject: [STORE], useFactory: ({ streamLogs }: Store) => streamLogs },
    { provide: Marks, inject: [STORE], useFactory: ({ marks }: Store) => marks },
    { provide: Counters, inject: [STORE], useFactory: ({ counters }: Store) => counters },
    { provide: Windows, inject: [STORE], useFactory: ({ windows }: Store) => windows },
    { provide: Slots, inject: [STORE], useFactory: ({ slots }: Store) => slots },
  ],
  exports: [StreamLogs, Marks, Counters, Windows, Slots],
})
export class StoreModule implements OnApplicationShutdown {
  constructor(
    @Inject(STORE) private readonly store: Store,
    checks: ReadinessChecks,
  ) {
    if (store.ping) checks.add('store', store.ping);
  }

  /** After `beforeApplicationShutdown`, in which answers under way are still written. */
  onApplicationShutdown(): Promise<void> {
    return this.store.close();
  }
}
