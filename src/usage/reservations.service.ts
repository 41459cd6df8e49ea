import { Injectable } from '@nestjs/common';
import { Batcher } from '../platform/common/batcher';
import { newId } from '../platform/common/ids';
import { type Amount, type JudgedBudget, type Reservation } from './budgets.types';
import { ReservationsRepository } from './reservations.repository';
import { type Account } from './usage.types';

/** Asked for all who call at the same time at once. */
interface Question {
  caller: Account;
  budgeted: boolean;
}

/** To be held, and then how the budgets judged it; of all who ask at the same time at once. */
interface Holding {
  reservation: Reservation;
  judged: JudgedBudget[];
}

/** What calls of this process that are under way have reserved of their budgets. */
@Injectable()
export class ReservationsService {
  /** By call. */
  private readonly live = new Map<string, Reservation[]>();
  private readonly asking = new Batcher<Question>(async (questions) => {
    const answers = await this.repository.budgeted(questions.map(({ caller }) => caller));
    questions.forEach((question, i) => (question.budgeted = answers[i] ?? false));
  });

  private readonly holding = new Batcher<Holding>(async (asked) => {
    const judged = await this.repository.reserve(
      asked.map(({ reservation }) => reservation),
      false,
    );
    for (const one of asked) one.judged = judged.get(one.reservation.id) ?? [];
  });

  constructor(private readonly repository: ReservationsRepository) {}

  /** Whether any budget applies to the caller, now. */
  async budgeted(caller: Account): Promise<boolean> {
    const question = { caller, budgeted: false };
    await this.asking.add(question);
    return question.budgeted;
  }

  /**
   * Holds an amount for a call in every budget that applies, or in none. May be asked again for more.
   * @returns the budgets without room for it; empty when it is held, or none applies
   */
  async reserve(principal: Account, callId: string, amount: Amount): Promise<JudgedBudget[]> {
    const reservation = { id: newId(), callId, principal, amount };
    const one: Holding = { reservation, judged: [] };
    await this.holding.add(one);
    const { judged } = one;
    const full = judged.filter(({ fits }) => !fits);
    if (judged.length > 0 && full.length === 0) {
      this.live.set(callId, [...(this.live.get(callId) ?? []), reservation]);
    }
    return full;
  }

  /** The call is over; its settlement gives back what it held. Says whether it held anything. */
  forget(callId: string): boolean {
    return this.live.delete(callId);
  }

  /** One that another process swept in a long pause of this one is held again: its call goes on. */
  async renew(): Promise<void> {
    if (this.live.size === 0) return;
    const held = [...this.live.values()].flat();
    const there = await this.repository.renew(held.map(({ id }) => id));
    const lost = held.filter(({ id, callId }) => !there.has(id) && this.live.has(callId));
    if (lost.length > 0) await this.repository.reserve(lost, true);
  }

  /** Calls of dead processes that hold something, and have no attempt left to be billed. */
  abandoned(limit: number): Promise<string[]> {
    return this.repository.expired([...this.live.keys()], limit);
  }
}
