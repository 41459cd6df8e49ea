import { type KeyObject } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { every } from '../platform/common/every';
import { formatUsd, parseUsd } from '../platform/common/money';
import { Config } from '../platform/config/config.service';
import { OutboundService } from '../platform/net/outbound.service';
import { serverKey } from '../platform/secrets/server-key';
import { AlertsRepository, type DueAlert } from './alerts.repository';
import { webhookHeaders, webhookSecret } from './webhook';

const LOOK_MS = 1_000;
const MOST_AT_ONCE = 50;
const MOST_OF_ONE = 4;

/**
 * Tells the receivers of budgets that a share of the limit is spent. An alert is stored with the spending that raised
 * it, and told at least once, by any process; `webhook-id` is the same at each repetition.
 */
@Injectable()
export class AlertsService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(AlertsService.name);
  private readonly key: KeyObject;
  private readonly telling = new Set<DueAlert>();
  private end: () => void = () => undefined;

  constructor(
    config: Config,
    private readonly repository: AlertsRepository,
    private readonly outbound: OutboundService,
  ) {
    this.key = serverKey(config);
  }

  onModuleInit(): void {
    this.end = every(LOOK_MS, this.logger, () => this.tellDue());
  }

  beforeApplicationShutdown(): void {
    this.end();
  }

  /** What alerts of a budget are signed with. */
  secretOf(budgetId: string): string {
    return webhookSecret(this.key, budgetId);
  }

  /** Nobody waits for the slow receivers of others: each workspace has a few places, and what is told is not waited for. */
  private async tellDue(): Promise<void> {
    const room = MOST_AT_ONCE - this.telling.size;
    if (room === 0) return;
    const counts = Map.groupBy(this.telling, ({ workspace_id }) => workspace_id);
    const busy = [...counts].filter(([, alerts]) => alerts.length >= MOST_OF_ONE).map(([workspace]) => workspace);
    for (const alert of await this.repository.take(room, MOST_OF_ONE, busy)) {
      this.telling.add(alert);
      void this.tell(alert).finally(() => this.telling.delete(alert));
    }
  }

  private async tell(alert: DueAlert): Promise<void> {
    const body = JSON.stringify(toPayload(alert));
    const headers = webhookHeaders(this.secretOf(alert.budget_id), alert.id, new Date(), body);
    try {
      const status = await this.outbound.post(alert.alert_url, headers, body);
      if (status < 200 || status > 299) throw new Error(`answered ${status}`);
      await this.repository.delivered(alert.id);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.logger.warn(`alert ${alert.id} of budget ${alert.budget_id} could not be told: ${why}`);
      await this.repository
        .failed(alert.id, why)
        .catch((failure: unknown) => this.logger.error(failure, `alert ${alert.id} will be told again in a minute`));
    }
  }
}

const toPayload = (alert: DueAlert) => ({
  type: 'budget.threshold_reached',
  timestamp: alert.at.toISOString(),
  data: {
    budget_id: alert.budget_id,
    workspace_id: alert.workspace_id,
    subject: { type: alert.subject_type, id: alert.subject_id },
    period: alert.period,
    threshold: alert.threshold,
    limit_usd: alert.limit_usd === null ? null : formatUsd(parseUsd(alert.limit_usd)),
    spent_usd: formatUsd(parseUsd(alert.spent_usd)),
    limit_tokens: alert.limit_tokens === null ? null : Number(alert.limit_tokens),
    spent_tokens: Number(alert.spent_tokens),
  },
});
