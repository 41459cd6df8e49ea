import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.service';
import { OutboundService } from './outbound.service';

@Global()
@Module({
  providers: [
    { provide: OutboundService, inject: [Config], useFactory: (config: Config) => new OutboundService(config) },
  ],
  exports: [OutboundService],
})
export class NetModule {}
