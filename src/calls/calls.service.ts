import { Injectable } from '@nestjs/common';
import { newId } from '../platform/common/ids';
import { Config } from '../platform/config/config.service';
import { ProvidersService } from '../providers/providers.service';
import { LedgerService } from '../usage/ledger.service';
import { RateLimitsService } from '../usage/rate-limits.service';
import { callStages } from './call-stages';
import { type CallEvent, type CallOrder, type NextCall } from './calls.types';

/** The one place where a model is called and paid. */
@Injectable()
export class CallsService {
  private readonly run: NextCall;
  private readonly longestMs: number;

  constructor(config: Config, providers: ProvidersService, limits: RateLimitsService, ledger: LedgerService) {
    const end: NextCall = () => {
      throw new Error('the last call stage has no next');
    };
    this.run = callStages(config, providers, limits, ledger).reduceRight<NextCall>(
      (next, stage) => (call) => stage(call, next),
      end,
    );
    this.longestMs = config.yaml.timeouts.total;
  }

  /** Throws DomainErrors; breaking out of the iteration aborts the call. Either way it is billed for what it used. */
  generate(order: CallOrder): AsyncIterable<CallEvent> {
    const timeoutMs = Math.min(order.timeoutMs ?? this.longestMs, this.longestMs);
    return this.run({ ...order, id: newId(), plan: null, timeoutMs });
  }
}
