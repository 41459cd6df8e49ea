import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { Invalidations } from '../platform/database/invalidations';
import { toDocument } from './documents.codec';
import { documentNotFound } from './documents.errors';
import { DocumentsRepository } from './documents.repository';
import { DOCUMENT_CHANGED, type DocumentStatus } from './documents.types';

/** What was not heard, and what time alone changes, is seen after so long. */
const LOOK_MS = 5_000;
const FINAL: readonly DocumentStatus[] = ['ready', 'failed', 'cancelled'];

/** Follows documents, whichever process works on them. */
@Injectable()
export class DocumentEventsService implements OnModuleInit {
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(
    private readonly repository: DocumentsRepository,
    private readonly invalidations: Invalidations,
  ) {}

  onModuleInit(): void {
    this.invalidations.on(DOCUMENT_CHANGED, (id) => {
      const woken = id === null ? [...this.waiting.values()] : [this.waiting.get(id) ?? []];
      for (const some of woken) for (const wake of some) wake();
    });
  }

  /**
   * Frames of server-sent events: the document as it stands, again each time it changes, and `document.end` when it is
   * ready, failed or cancelled. Throws `document_not_found`, also in the middle.
   */
  async *follow(user: Principal, id: string, gone: AbortSignal): AsyncGenerator<string[]> {
    let told = '';
    while (!gone.aborted) {
      const heard = this.change(id, gone); // before looking: what happens meanwhile is heard
      const row = await this.repository.findReadableByMember(user, id);
      if (!row) throw documentNotFound();
      const ended = FINAL.includes(row.status);
      const type = ended ? 'document.end' : 'document.progress';
      const data = JSON.stringify({ type, document: toDocument(row) });
      if (data !== told) yield [`event: ${type}\ndata: ${data}\n\n`];
      told = data;
      if (ended) return;
      await heard;
    }
  }

  /** Resolves at the next change, after a while, or when nobody listens any more. */
  private async change(id: string, gone: AbortSignal): Promise<void> {
    const over = new AbortController();
    const wake = () => over.abort();
    const waiting = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, waiting.add(wake));
    await wait(LOOK_MS, undefined, { signal: AbortSignal.any([over.signal, gone]) }).catch(() => undefined); // woken
    waiting.delete(wake);
    if (waiting.size === 0) this.waiting.delete(id);
  }
}
