import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { type KnownApiKey } from './api-keys.types';
import { ApiKeysRepository } from './api-keys.repository';

const AT_MOST_EVERY_MS = 60_000;
const GATHER_MS = 500;

/** Writes when API keys were last used: behind the requests, together, and at most once a minute per key. */
@Injectable()
export class LastUsedService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(LastUsedService.name);
  private readonly noted = new Set<string>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly apiKeys: ApiKeysRepository) {}

  note(key: KnownApiKey): void {
    const now = Date.now();
    if (now - key.lastNotedAt < AT_MOST_EVERY_MS) return;
    key.lastNotedAt = now;
    this.noted.add(key.principal.apiKeyId);
    this.timer ??= setTimeout(() => void this.write(), GATHER_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    await this.write();
  }

  private async write(): Promise<void> {
    this.timer = null;
    const ids = [...this.noted];
    this.noted.clear();
    if (ids.length === 0) return;
    try {
      await this.apiKeys.markUsed(ids);
    } catch (error) {
      this.logger.warn(`last use of ${ids.length} API keys was not noted: ${String(error)}`);
    }
  }
}
