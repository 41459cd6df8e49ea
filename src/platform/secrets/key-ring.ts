import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.service';
import { EncryptionKey } from './encryption-key';
import { keptSecret } from './kept-secret';

/**
 * The keys of what is encrypted at rest. New secrets are sealed with ENCRYPTION_KEY, or outside production with a key kept
 * in the data directory. That one, where it is there, and those of ENCRYPTION_KEY_PREVIOUS still open older ones.
 */
@Injectable()
export class KeyRing {
  /** Null in production without ENCRYPTION_KEY: nothing can be sealed. */
  readonly current: EncryptionKey | null;
  private readonly byId: ReadonlyMap<string, EncryptionKey>;

  constructor({ env, dataDir }: Config) {
    const file = join(dataDir, 'encryption-key');
    const keeps = existsSync(file) || (!env.ENCRYPTION_KEY && env.NODE_ENV !== 'production');
    const kept = keeps ? EncryptionKey.from(keptSecret(file, 'ENCRYPTION_KEY')) : null;
    const given = env.ENCRYPTION_KEY ? EncryptionKey.from(env.ENCRYPTION_KEY) : null;
    this.current = given ?? (env.NODE_ENV === 'production' ? null : kept);
    const all = [given, kept, ...env.ENCRYPTION_KEY_PREVIOUS.map((one) => EncryptionKey.from(one))];
    this.byId = new Map(all.flatMap((key) => (key ? [[key.id, key]] : [])));
  }

  find(id: string): EncryptionKey | null {
    return this.byId.get(id) ?? null;
  }
}
