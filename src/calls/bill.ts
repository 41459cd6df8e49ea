import { type Target } from '../providers/providers.service';
import { budgetExceeded, modelUnpriced } from '../usage/budgets.errors';
import { type Amount } from '../usage/budgets.types';
import { type LedgerService } from '../usage/ledger.service';
import { type ReservationsService } from '../usage/reservations.service';
import { type LiveCall } from '../usage/usage.types';
import { type ModelCall } from './calls.types';
import { type WorstCase, worstCase } from './worst-case';

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
  /** The worst case of each attempt under way. */
  private readonly underWay = new Map<LiveCall, Amount>();
  private readonly ended: LiveCall[] = [];

  constructor(
    private readonly call: ModelCall,
    private readonly tools: BillTools,
  ) {}

  /** Under a budget, answers are of limited length. Throws `budget_exceeded`, `model_unpriced`. */
  async reserve(): Promise<void> {
    const { call, tools } = this;
    const { principal, plan } = call;
    if (!plan || !(await tools.reservations.budgeted(principal))) return;
    call.request = { ...call.request, maxTokens: call.request.maxTokens ?? tools.defaultMaxTokens };
    this.worst = worstCase(plan, call.request);
    const { cost, tokens } = this.worst;
    await this.hold({ usd: cost, tokens });
    this.held = { usd: cost, tokens };
  }

  /** To be awaited before an attempt leaves. Throws `budget_exceeded` when there is no room for it beside what failed before. */
  async open(attempt: LiveCall, target: Target): Promise<void> {
    await this.cover(attempt, target);
    await this.tools.ledger.open(attempt);
  }

  /** @param left whether it was sent, and may cost something */
  over(attempt: LiveCall, left: boolean): void {
    this.underWay.delete(attempt);
    if (left) this.ended.push(attempt);
    else this.tools.ledger.release(attempt);
  }

  /** The call is over. */
  settle(): void {
    this.tools.ledger.settle(this.call.id, this.ended);
  }

  private async cover(attempt: LiveCall, target: Target): Promise<void> {
    if (!this.held) return;
    const most = this.worst?.perTarget.find((worst) => worst.target.id === target.id);
    if (!most) throw new Error(`nobody foresaw a call of ${target.id}`);
    this.underWay.set(attempt, { usd: most.cost, tokens: most.input.upper + most.maxOutput });
    const needed = [...this.underWay.values(), ...this.ended.map(usedBy)].reduce(plus);
    const more = { usd: above(needed.usd ?? 0n, this.held.usd ?? 0n), tokens: above(needed.tokens, this.held.tokens) };
    if (more.usd === 0n && more.tokens === 0) return;
    try {
      await this.hold(more);
    } catch (error) {
      this.underWay.delete(attempt);
      throw error;
    }
    this.held = plus(this.held, more);
  }

  private async hold(amount: Amount): Promise<void> {
    const { principal, id } = this.call;
    const full = await this.tools.reservations.reserve(principal, id, amount);
    if (full.some(({ unpriced }) => unpriced)) throw modelUnpriced();
    if (full.length > 0) throw budgetExceeded(full, amount);
  }
}

const usedBy = (attempt: LiveCall): Amount => {
  const { cost, inputTokens, outputTokens } = attempt.record();
  return { usd: cost, tokens: inputTokens + outputTokens };
};
const plus = (a: Amount, b: Amount): Amount => ({ usd: (a.usd ?? 0n) + (b.usd ?? 0n), tokens: a.tokens + b.tokens });
const above = <N extends bigint | number>(value: N, limit: N): N => (value > limit ? ((value - limit) as N) : (0 as N));
