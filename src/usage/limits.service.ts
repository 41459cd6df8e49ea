import { Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { Config } from '../platform/config/config.service';
import { BudgetsService } from './budgets.service';
import { type LimitsDto, type RateLimitDto } from './limits.dto';
import { RateLimitsService } from './rate-limits.service';
import { type LimitsReport } from './rate-limits.types';

/** Everything that limits a caller, and how much of it is left. */
@Injectable()
export class LimitsService {
  private readonly maxUpload: number;

  constructor(
    private readonly rateLimits: RateLimitsService,
    private readonly budgets: BudgetsService,
    { yaml }: Config,
  ) {
    this.maxUpload = yaml.documents.max_upload;
  }

  /** Uses nothing up. Throws `service_unavailable` while the counts can't be asked. */
  async report(principal: Principal): Promise<LimitsDto> {
    const [report, budgets] = await Promise.all([this.rateLimits.report(principal), this.budgets.applying(principal)]);
    return {
      tier: report.tier?.name ?? null,
      rates: toRates(report),
      documents: {
        max_upload_bytes: Math.min(report.tier?.maxUpload ?? Infinity, this.maxUpload),
        max_documents: report.tier?.maxDocuments ?? null,
      },
      budgets,
    };
  }
}

function toRates({ at, rates, concurrent }: LimitsReport): RateLimitDto[] {
  const told = rates.map(({ rate, per, limit, remaining, resetMs }): RateLimitDto => ({
    limit: rate,
    subject: 'workspace',
    window: per,
    max: limit,
    remaining,
    resets_at: resetMs > 0 ? new Date(at + resetMs).toISOString() : null,
  }));
  if (!concurrent) return told;
  const { max, held } = concurrent;
  const remaining = Math.max(0, max - held);
  return [...told, { limit: 'concurrent', subject: 'workspace', window: null, max, remaining, resets_at: null }];
}
