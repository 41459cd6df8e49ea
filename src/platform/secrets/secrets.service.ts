import { Injectable, Logger } from '@nestjs/common';
import { newId } from '../common/ids';
import { type Transaction } from '../database/transaction';
import { KeyRing } from './key-ring';
import { encryptionKeyMissing, secretUnreadable } from './secrets.errors';
import { type StoredSecret, SecretsRepository } from './secrets.repository';

/** Rows of one transaction, or one page. */
const BATCH = 100;

/** What is stored under one key. */
export interface KeyCount {
  keyId: string;
  secrets: number;
  /** Whether the key is among those configured. */
  known: boolean;
}

/**
 * Secrets of workspaces, encrypted at rest. A row opens only for its own workspace and under its own id, so that moving
 * it to another tenant gives nothing away. Whoever owns a secret keeps the id of its row; values never leave in answers.
 */
@Injectable()
export class SecretsService {
  private readonly logger = new Logger(SecretsService.name);

  constructor(
    private readonly keys: KeyRing,
    private readonly secrets: SecretsRepository,
  ) {}

  /** Returns the id to refer to it by, from the row that owns it. Throws `encryption_key_missing`. */
  async put(tx: Transaction, workspaceId: string, plaintext: string): Promise<string> {
    const key = this.keys.current;
    if (!key) throw encryptionKeyMissing();
    const id = newId();
    const ciphertext = key.seal(plaintext, contextOf({ id, workspace_id: workspaceId }));
    await this.secrets.add(tx, { id, workspace_id: workspaceId, key_id: key.id, ciphertext });
    return id;
  }

  /** Throws `secret_unreadable` when no key fits, and an Error when there is no such secret. */
  async get(workspaceId: string, id: string): Promise<string> {
    const secret = await this.secrets.find(workspaceId, id);
    if (!secret) throw new Error(`there is no secret ${id}`);
    const plaintext = this.open(secret);
    if (plaintext !== null) return plaintext;
    const why = this.keys.find(secret.key_id) ? 'its row was changed' : 'its key is not configured';
    this.logger.error(`the secret ${id} under the key ${secret.key_id} can't be decrypted: ${why}`);
    throw secretUnreadable();
  }

  delete(tx: Transaction, workspaceId: string, id: string): Promise<void> {
    return this.secrets.delete(tx, workspaceId, id);
  }

  /**
   * Seals everything anew under the current key, a batch at a time: it may run beside the service, be killed, and be run
   * again. Throws `encryption_key_missing`.
   */
  async rotate(): Promise<{ rotated: number; unreadable: string[] }> {
    const key = this.keys.current;
    if (!key) throw encryptionKeyMissing();
    const reseal = (secret: StoredSecret) => {
      const plaintext = this.open(secret);
      return plaintext === null ? null : key.seal(plaintext, contextOf(secret));
    };
    const result = { rotated: 0, unreadable: [] as string[] };
    for (let last: string | null = null; ;) {
      const rows: { id: string; done: boolean }[] = await this.secrets.resealAfter(last, key.id, BATCH, reseal);
      if (rows.length === 0) return result;
      for (const { id, done } of rows) {
        if (done) result.rotated++;
        else result.unreadable.push(id);
        last = id;
      }
    }
  }

  /** Opens everything, without telling what is in it: how many there are under each key, and which don't open. */
  async check(): Promise<{ keys: KeyCount[]; unreadable: StoredSecret[] }> {
    const counts = new Map<string, number>();
    const unreadable: StoredSecret[] = [];
    for (let last: string | null = null; ;) {
      const rows: StoredSecret[] = await this.secrets.after(last, BATCH);
      if (rows.length === 0) break;
      for (const secret of rows) {
        counts.set(secret.key_id, (counts.get(secret.key_id) ?? 0) + 1);
        if (this.open(secret) === null) unreadable.push(secret);
        last = secret.id;
      }
    }
    const keys = [...counts].map(([keyId, secrets]) => ({ keyId, secrets, known: this.keys.find(keyId) !== null }));
    return { keys, unreadable };
  }

  private open(secret: StoredSecret): string | null {
    return this.keys.find(secret.key_id)?.open(secret.ciphertext, contextOf(secret)) ?? null;
  }
}

const contextOf = ({ id, workspace_id }: Pick<StoredSecret, 'id' | 'workspace_id'>) => `${workspace_id}:${id}`;
