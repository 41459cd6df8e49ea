import { Injectable } from '@nestjs/common';
import { newId } from '../platform/common/ids';
import { Config } from '../platform/config/config.service';
import { ProvidersService, type Target } from '../providers/providers.service';
import { LedgerService } from '../usage/ledger.service';
import { RateLimitsService } from '../usage/rate-limits.service';
import { ReservationsService } from '../usage/reservations.service';
import { callStages } from './call-stages';
import {
  type Asked,
  type CallEvent,
  type CallFinish,
  type CallOrder,
  type CallStart,
  type Embedded,
  type EmbedOrder,
  type NextCall,
  type Payer,
  type TellVectors,
} from './calls.types';
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
    return this.run({ ...order, id: newId(), plan: null, timeoutMs: this.within(order) });
  }

  /**
   * Texts as vectors. What its provider takes in one request is one paid call; of those that went before the one that
   * failed each is billed. Throws DomainErrors.
   */
  async embed(order: EmbedOrder): Promise<Embedded> {
    const vectors: Float32Array[] = [];
    let start: CallStart | null = null;
    let finish: CallFinish | null = null;
    const onVectors: TellVectors = (some, from) => {
      some.forEach((vector, i) => (vectors[from + i] = vector));
      order.onVectors?.(some, from);
    };
    const call = { ...order, id: newId(), plan: null, stream: false, messageId: null, timeoutMs: this.within(order) };
    for await (const event of this.run({ ...call, onVectors })) {
      if (event.type === 'start') start = event;
      if (event.type === 'finish') finish = event;
    }
    if (!start || !finish) throw new Error('an embedding ended without its end');
    const { provider, model, attempts } = start;
    const { usage, cost, estimated } = finish;
    return { vectors, provider, model, attempts, tokens: usage.inputTokens, cost, estimated };
  }

  /** The one model that would embed. Throws what `embed` would throw before a provider is asked. */
  embedder(principal: Pick<Payer, 'rules'>, model: string): Target {
    const plan = planFor(this.providers, { principal, model, request: { inputs: [] } });
    const [target] = plan.steps.flat();
    if (!target) throw new Error('a plan without targets');
    return target;
  }

  /** What a call could cost, without making it: under a budget, as it would be sent then. Throws what it would throw before a provider is asked. */
  async estimate(asked: Asked): Promise<WorstCase> {
    const plan = planFor(this.providers, asked);
    const request = capped(asked.principal.rules, asked.request);
    const budgeted = request.maxTokens === undefined && (await this.reservations.budgeted(asked.principal));
    return worstCase(plan, request, budgeted ? defaultMaxTokens(plan, this.maxTokens) : request.maxTokens);
  }

  private within({ timeoutMs = Infinity }: { timeoutMs?: number }): number {
    return Math.min(timeoutMs, this.longestMs);
  }
}
