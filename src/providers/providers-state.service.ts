import { Injectable } from '@nestjs/common';
import { UsageService } from '../usage/usage.service';
import { type TargetAttempts } from '../usage/usage.types';
import { type ProvidersStateDto, type QuantilesDto, type TargetStateDto } from './providers.dto';
import { ProvidersService } from './providers.service';

const WINDOW_MINUTES = 5;

/** What an operator wants to see of the providers: breakers and keys as all processes know them, speed and success from the usage rows. */
@Injectable()
export class ProvidersStateService {
  constructor(
    private readonly providers: ProvidersService,
    private readonly usage: UsageService,
  ) {}

  async list(): Promise<ProvidersStateDto> {
    const measured = await this.usage.recentAttempts(WINDOW_MINUTES);
    const called = new Set(measured.map(idOf));
    const idle = this.providers
      .routed()
      .filter(({ id }) => !called.has(id))
      .map(({ provider, model }) => nothingOf(provider.id, model));
    const data = [...measured, ...idle].map((attempts) => this.toState(attempts));
    return { object: 'list', window_minutes: WINDOW_MINUTES, data };
  }

  private toState(target: TargetAttempts): TargetStateDto {
    const { health } = this.providers;
    const id = idOf(target);
    const { successes, failures } = target;
    const opensAt = health.opensAt(id);
    return {
      provider: target.provider,
      model: id,
      state: health.state(id),
      retry_at: opensAt > 0 ? new Date(opensAt).toISOString() : null,
      keys: this.providers.keys(target.provider),
      attempts: target.attempts,
      success_rate: successes + failures > 0 ? rounded(successes / (successes + failures), 4) : null,
      ttft_ms: toQuantiles(target.ttftMs),
      tokens_per_second: toQuantiles(target.tokensPerSecond),
    };
  }
}

const idOf = ({ provider, model }: TargetAttempts) => `${provider}/${model}`;

const nothingOf = (provider: string, model: string): TargetAttempts => ({
  provider,
  model,
  attempts: 0,
  successes: 0,
  failures: 0,
  ttftMs: null,
  tokensPerSecond: null,
});

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

const toQuantiles = (values: [number, number] | null): QuantilesDto | null =>
  values && { p50: rounded(values[0], 1), p95: rounded(values[1], 1) };
