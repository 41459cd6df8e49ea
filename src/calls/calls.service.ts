import { Injectable } from '@nestjs/common';
import { newId } from '../platform/common/ids';
import { Config } from '../platform/config/config.service';
import { ProvidersService } from '../providers/providers.service';
import { LedgerService } from '../usage/ledger.service';
import { RateLimitsService } from '../usage/rate-limits.service';
import { ReservationsService } from '../usage/reservations.service';
import { callStages } from './call-stages';
import { type Asked, type CallEvent, type CallOrder, type NextCall } from './calls.types';
import { capped } from './stages/cap.stage';
import { planFor } from './stages/target.stage';
import { defaultMaxTokens, type WorstCase, worstCase } from './worst-case';

/** The one place where a model is called and paid. */
@Injectable()
export class CallsService {
  private readonly run: NextCall;
  private readonly longestMs: number;
  /** Of an answer under a budget, where the caller names none. */
  private readonly maxTokens: number;

  constructor(
    { yaml }: Config,
    private readonly providers: ProvidersService,
    limits: RateLimitsService,
    ledger: LedgerService,
    private readonly reservations: ReservationsService,
  ) {
    const end: NextCall = () => {
      throw new Error('the last call stage has no next');
    };
    const { timeouts, retry, budgets } = yaml;
    const tools = { providers, ledger, reservations, timeouts, retry, defaultMaxTokens: budgets.default_max_tokens };
    this.run = callStages(limits, tools).reduceRight<NextCall>((next, stage) => (call) => stage(call, next), end);
    this.longestMs = timeouts.total;
    this.maxTokens = budgets.default_max_tokens;
  }

  /** Throws DomainErrors; breaking out of the iteration aborts the call. Either way it is billed for what it used. */
  generate(order: CallOrder): AsyncIterable<CallEvent> {
    const timeoutMs = Math.min(order.timeoutMs ?? this.longestMs, this.longestMs);
    return this.run({ ...order, id: newId(), plan: null, timeoutMs });
  }

  /** What a call could cost, without making it: under a budget, as it would be sent then. Throws what it would throw before a provider is asked. */
  async estimate(asked: Asked): Promise<WorstCase> {
    const plan = planFor(this.providers, asked);
    const request = capped(asked);
    const budgeted = request.maxTokens === undefined && (await this.reservations.budgeted(asked.principal));
    return worstCase(plan, request, budgeted ? defaultMaxTokens(plan, this.maxTokens) : request.maxTokens);
  }
}
