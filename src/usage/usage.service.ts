import { Injectable } from '@nestjs/common';
import { bulkhead } from 'cockatiel';
import { hasRole } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { type PicoUsd } from '../platform/common/money';
import { LedgerService } from './ledger.service';
import {
  type Group,
  type Interval,
  type UsageHistoryDto,
  type UsageHistoryQuery,
  type UsageQuery,
  type UsageReportDto,
  type UsageTotalsDto,
} from './usage.dto';
import { UsageRepository, type UsageSpan } from './usage.repository';
import { type TargetAttempts } from './usage.types';

const DAY_MS = 86_400_000;
const DEFAULT_SPAN_MS = 30 * DAY_MS;
/** Longest span by interval, so that a report stays of a size someone can read. */
const LONGEST_MS = { hour: 62 * DAY_MS, day: 3 * 366 * DAY_MS, month: 50 * 366 * DAY_MS };

const INTERVAL_MS = { hour: DAY_MS / 24, day: DAY_MS, month: 28 * DAY_MS };
const MOST_POINTS = 50_000;

/** Reports of what was used. Admins and owners see the workspace's usage, others their own. */
@Injectable()
export class UsageService {
  /** Reports of large workspaces take their time, and must not hold the connections that everybody needs. */
  private readonly reading = bulkhead(4, 1_000);

  constructor(
    private readonly repository: UsageRepository,
    private readonly ledger: LedgerService,
  ) {}

  async report(principal: Principal, query: UsageQuery): Promise<UsageReportDto> {
    await this.ledger.settled(); // calls whose answer was read a moment ago are in it
    const span = toSpan(principal, query);
    const { group_by } = query;
    const { totals, groups } = await this.reading.execute(() => this.repository.report(span, group_by ?? null));
    return { ...told(span), totals, data: groups.map((row) => named(row, group_by)) };
  }

  async history(principal: Principal, query: UsageHistoryQuery): Promise<UsageHistoryDto> {
    await this.ledger.settled();
    const span = toSpan(principal, query);
    const { interval, group_by } = query;
    if (span.to.getTime() - span.from.getTime() > LONGEST_MS[interval]) {
      const days = LONGEST_MS[interval] / DAY_MS;
      throw validationFailed([{ field: 'from', message: `from: at most ${days} days by ${interval}` }]);
    }
    if (group_by) await this.refuseTooManyPoints(span, interval, group_by);
    const points = await this.reading.execute(() => this.repository.history(span, interval, group_by ?? null));
    return {
      ...told(span),
      interval,
      data: points.map(({ at, ...row }) => ({ at: at.toISOString(), ...named(row, group_by) })),
    };
  }

  /**
   * What was billed under request ids that contain `part`, calls that failed or were cut off included; null when the price
   * of any of it is not known.
   */
  async costOf(workspaceId: string, part: string, since: Date): Promise<PicoUsd | null> {
    await this.ledger.settled();
    return this.repository.costOf(workspaceId, part, since);
  }

  /** How each model did in the last `minutes`, in all processes and workspaces. For those who run the installation. */
  async recentAttempts(minutes: number): Promise<TargetAttempts[]> {
    await this.ledger.settled();
    return this.repository.attempts(new Date(Date.now() - minutes * 60_000));
  }

  /** Groups can be as many as callers care to name (`user`): their history must fit into an answer. */
  private async refuseTooManyPoints(span: UsageSpan, interval: Interval, group: Group): Promise<void> {
    const intervals = (span.to.getTime() - span.from.getTime()) / INTERVAL_MS[interval] + 1;
    const groups = await this.repository.countGroups(span, group);
    if (intervals * groups <= MOST_POINTS) return;
    const message = `group_by: ${groups} groups by ${interval} are more than ${MOST_POINTS} points; shorten the span or widen the interval`;
    throw validationFailed([{ field: 'group_by', message }]);
  }
}

function toSpan({ workspaceId, userId, role }: Principal, query: UsageQuery): UsageSpan {
  const to = query.to ? new Date(query.to) : new Date();
  const from = query.from ? new Date(query.from) : new Date(to.getTime() - DEFAULT_SPAN_MS);
  if (from >= to) throw validationFailed([{ field: 'from', message: 'from: must lie before to' }]);
  return { workspaceId, userId: hasRole(role, 'admin') ? null : userId, from, to };
}

const told = ({ from, to }: UsageSpan) => ({ from: from.toISOString(), to: to.toISOString() });

/** The group under its own name (`"model": "openai/…"`). */
const named = <T extends UsageTotalsDto & { group: string | null }>({ group, ...totals }: T, group_by?: string) =>
  group_by ? { [group_by]: group, ...totals } : totals;
