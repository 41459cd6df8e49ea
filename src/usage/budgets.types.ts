import { type PicoUsd } from '../platform/common/money';
import { type Account } from './usage.types';

export const SUBJECTS = ['workspace', 'member', 'api_key'] as const;
export const PERIODS = ['day', 'month', 'total'] as const;

/** Whose spending a budget limits. A member is named by the user's id, and spends with all of their keys. */
export interface BudgetSubject {
  type: (typeof SUBJECTS)[number];
  id: string;
}

/** What a call may cost, or did. Tokens are those of prompt and answer; USD is null when there is no known price. */
export interface Amount {
  usd: PicoUsd | null;
  tokens: number;
}

/** An amount that is to be held while a call is under way. */
export interface Reservation {
  id: string;
  callId: string;
  principal: Account;
  amount: Amount;
}

/** A budget that applies to a call, and whether there is room in it. */
export interface JudgedBudget {
  id: string;
  subject_type: BudgetSubject['type'];
  subject_id: string;
  period: (typeof PERIODS)[number];
  limit_usd: PicoUsd | null;
  limit_tokens: number | null;
  /** Beside what is spent and reserved; below zero when more was spent than the limit. */
  left_usd: PicoUsd | null;
  left_tokens: number | null;
  /** Limits USD, and the call has no known price. */
  unpriced: boolean;
  fits: boolean;
  /** Null for `total`. */
  resets_at: Date | null;
}

/** What an owner or admin says of a budget. USD are decimal text. */
export interface BudgetSettings {
  subject: BudgetSubject;
  period: (typeof PERIODS)[number];
  limitUsd: string | null;
  limitTokens: number | null;
  alertAt: readonly number[];
  alertUrl: string | null;
}

/** A budget as it is stored, with the sums of its current window. Numbers as Postgres writes them. */
export interface StoredBudget {
  id: string;
  subject_type: BudgetSubject['type'];
  subject_id: string;
  period: (typeof PERIODS)[number];
  limit_usd: string | null;
  spent_usd: string;
  reserved_usd: string;
  limit_tokens: string | null;
  spent_tokens: string;
  reserved_tokens: string;
  alert_at: number[];
  alert_url: string | null;
  alerted: number | null;
  last_alert: LastAlert | null;
  resets_at: Date | null;
}

/** The newest alert of a budget, and what became of it. Times as Postgres writes them. */
export interface LastAlert {
  threshold: number;
  at: string;
  attempts: number;
  delivered_at: string | null;
  next_attempt_at: string | null;
  error: string | null;
}
