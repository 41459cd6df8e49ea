import { atLeastZero } from '../platform/common/money';
import { type Plan, type Target } from '../providers/providers.service';
import { type CallRequest } from '../providers/providers.types';
import { budgetExceeded, modelUnpriced } from '../usage/budgets.errors';
import { type Amount, type JudgedBudget } from '../usage/budgets.types';
import { type LedgerService } from '../usage/ledger.service';
import { type ReservationsService } from '../usage/reservations.service';
import { type LiveCall } from '../usage/usage.types';
import { maxCostReached } from './calls.errors';
import { type ModelCall } from './calls.types';
import { isEmbedding } from './embedding';
import { defaultMaxTokens, limitOf, type WorstCase, worstCase } from './worst-case';

/** Others spend meanwhile: what was left a moment ago may be gone. */
const MOST_TRIES = 5;

export interface BillTools {
  ledger: LedgerService;
  reservations: ReservationsService;
  /** The longest answer under a budget, where the caller names none. */
  defaultMaxTokens: number;
}

/**
 * What one call may spend and what it has spent. Under a budget its worst case is held before anything is sent; should
 * attempts that failed have cost something, more is held before the next one leaves. When the call is over, what it
 * really cost replaces all of that.
 */
export class Bill {
  /** Null while no budget applies. */
  private held: Amount | null = null;
  private worst: WorstCase | null = null;
  /** The worst case of each attempt that is not settled. */
  private readonly opened = new Map<LiveCall, Amount>();
  private readonly ended: LiveCall[] = [];

  constructor(
    private readonly call: ModelCall,
    private readonly tools: BillTools,
  ) {}

  /** Under a budget, answers are of limited length. Throws `budget_exceeded`, `model_unpriced`. */
  async reserve(): Promise<void> {
    const { call, tools } = this;
    const { plan, request } = call;
    if (!plan) return;
    const budgeted = await tools.reservations.budgeted(call.principal);
    if (!budgeted && call.mostCost === undefined) return;
    let maxTokens = withinCost(call, plan, limitOf(request) ?? defaultMaxTokens(plan, tools.defaultMaxTokens));
    if (budgeted) maxTokens = await this.reserveFor(plan, maxTokens);
    if (!isEmbedding(request)) call.request = { ...request, maxTokens };
  }

  /** Returns the longest answer there is room for in all budgets. */
  private async reserveFor(plan: Plan, most: number): Promise<number> {
    const { call, tools } = this;
    const { request } = call;
    let maxTokens = most;
    for (let tries = 1; ; tries++) {
      this.worst = worstCase(plan, request, maxTokens);
      const amount = amountOf(this.worst);
      const full = await this.hold(amount);
      if (full.length === 0) {
        this.held = amount;
        return maxTokens;
      }
      if (tries === 1) {
        await tools.ledger.settled(); // what was answered a moment ago may still be held
        continue;
      }
      const room = call.allowTruncate && tries < MOST_TRIES ? longestThatFits(plan, request, maxTokens, full) : 0;
      if (room === 0) throw refusal(full, call.allowTruncate ? amountOf(worstCase(plan, request, 1)) : amount);
      maxTokens = room;
    }
  }

  /** To be awaited before an attempt leaves. Throws `budget_exceeded` when there is no room for it beside what failed before. */
  async open(attempt: LiveCall, target: Target): Promise<void> {
    await this.cover(attempt, target);
    await this.tools.ledger.open(attempt);
  }

  /** @param left whether it was sent, and may cost something */
  over(attempt: LiveCall, left: boolean): void {
    this.opened.delete(attempt);
    if (left) this.ended.push(attempt);
    else this.tools.ledger.release(attempt);
  }

  /** The call is over. */
  settle(): void {
    this.tools.ledger.settle(this.call.id, this.ended);
  }

  private async cover(attempt: LiveCall, target: Target): Promise<void> {
    const { plan } = this.call;
    if (!plan) return;
    const { mostCost } = this.call;
    if (!this.held && mostCost === undefined) return;
    this.worst ??= worstCase(plan, this.call.request);
    const most = this.worst.perTarget.find((worst) => worst.target.id === target.id);
    if (!most) throw new Error(`nobody foresaw a call of ${target.id}`);
    this.opened.set(attempt, { usd: most.cost, tokens: most.input.upper + most.maxOutput });
    const underWay = [...this.opened].map(([other, worst]) => (isUnderWay(other) ? worst : usedBy(other)));
    const needed = [...underWay, ...this.ended.map(usedBy)].reduce(plus);
    if (mostCost !== undefined && (needed.usd ?? 0n) > mostCost) throw maxCostReached(mostCost);
    if (!this.held) return;
    const more = {
      usd: atLeastZero((needed.usd ?? 0n) - (this.held.usd ?? 0n)),
      tokens: Math.max(0, needed.tokens - this.held.tokens),
    };
    if (more.usd === 0n && more.tokens === 0) return;
    const full = await this.hold(more);
    if (full.length > 0) throw refusal(full, more);
    this.held = plus(this.held, more);
  }

  private hold(amount: Amount): Promise<JudgedBudget[]> {
    return this.tools.reservations.reserve(this.call.principal, this.call.id, amount);
  }
}

const amountOf = ({ cost, tokens }: WorstCase): Amount => ({ usd: cost, tokens });
const refusal = (full: readonly JudgedBudget[], amount: Amount) =>
  full.some(({ unpriced }) => unpriced) ? modelUnpriced() : budgetExceeded(full, amount);

/** The answer as long as the call may cost. Throws `max_cost_reached` when there is no room for a single token, `model_unpriced`. */
function withinCost({ mostCost, request }: ModelCall, plan: Plan, maxTokens: number): number {
  if (mostCost === undefined) return maxTokens;
  const { cost } = worstCase(plan, request, maxTokens);
  if (cost === null) throw modelUnpriced();
  if (cost <= mostCost) return maxTokens;
  const room = longestThatFits(plan, request, maxTokens, [{ left_usd: mostCost, left_tokens: null }]);
  if (room === 0) throw maxCostReached(mostCost);
  return room;
}

/** The longest answer, in tokens, whose worst case fits into all budgets; 0 when none does. */
function longestThatFits(plan: Plan, request: CallRequest, most: number, full: readonly Left[]): number {
  const fits = (maxTokens: number) => {
    const { cost, tokens } = worstCase(plan, request, maxTokens);
    return full.every(
      ({ left_usd, left_tokens }) =>
        (left_usd === null || (cost !== null && cost <= left_usd)) && (left_tokens === null || tokens <= left_tokens),
    );
  };
  let [fitting, tooMuch] = [0, most];
  while (tooMuch - fitting > 1) {
    const middle = Math.floor((fitting + tooMuch) / 2);
    if (fits(middle)) fitting = middle;
    else tooMuch = middle;
  }
  return fitting;
}

type Left = Pick<JudgedBudget, 'left_usd' | 'left_tokens'>;

/** Its outcome is what it would be if its process died now. */
const isUnderWay = (attempt: LiveCall) => attempt.record().outcome === 'interrupted';
const usedBy = (attempt: LiveCall): Amount => {
  const { cost, inputTokens, outputTokens } = attempt.record();
  return { usd: cost, tokens: inputTokens + outputTokens };
};
const plus = (a: Amount, b: Amount): Amount => ({ usd: (a.usd ?? 0n) + (b.usd ?? 0n), tokens: a.tokens + b.tokens });
