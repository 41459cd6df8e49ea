import { Logger } from '@nestjs/common';
import { type ProviderAdapter } from './providers.types';

const MAX_AGE_MS = 60_000;
const PATIENCE_MS = 3_000;
/** Longest list kept of one server. */
const MAX_MODELS = 2_000;

/** Asks servers that tell their models which ones they have: nobody else knows what runs on them. */
export class ModelDiscovery {
  private readonly logger = new Logger('Providers');
  private readonly lists = new Map<string, { names: readonly string[]; at: number }>();
  private readonly asking = new Map<string, Promise<readonly string[]>>();

  /** As of the last minute. A server that does not answer has those it had. */
  async list(adapter: ProviderAdapter): Promise<readonly string[]> {
    if (!adapter.models) return [];
    const known = this.lists.get(adapter.id);
    if (known && performance.now() - known.at < MAX_AGE_MS) return known.names;
    let asked = this.asking.get(adapter.id);
    if (!asked) {
      asked = this.ask(adapter).finally(() => this.asking.delete(adapter.id));
      this.asking.set(adapter.id, asked);
    }
    return asked;
  }

  /** Whether the server had it when it was last asked. */
  has(provider: string, name: string): boolean {
    return this.lists.get(provider)?.names.includes(name) ?? false;
  }

  private async ask(adapter: ProviderAdapter): Promise<readonly string[]> {
    const before = this.lists.get(adapter.id)?.names ?? [];
    const names = await adapter.models?.(AbortSignal.timeout(PATIENCE_MS)).catch((error: unknown) => {
      this.logger.warn(
        `${adapter.id} does not tell its models: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    });
    const list = names?.slice(0, MAX_MODELS) ?? before;
    this.lists.set(adapter.id, { names: list, at: performance.now() });
    return list;
  }
}
