import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type Response } from 'express';
import { logFailure } from '../platform/common/errors/exception.filter';
import { every } from '../platform/common/every';
import { recorderOf } from '../platform/common/http/answer-recorder';
import { newId } from '../platform/common/ids';
import { ReadinessChecks } from '../platform/common/readiness';
import { retryWhileAway } from '../platform/database/retry';
import { type Transaction } from '../platform/database/transaction';
import { answerNotKept, keyConflict, requestInProgress } from './idempotency.errors';
import { IdempotencyRepository } from './idempotency.repository';
import { type KeptAnswer, type KeyedRequest } from './idempotency.types';
import { Recording } from './recording';

const RENEW_MS = 1_000;
/** How long an answer waits for a database that is away before it leaves all the same. */
const KEEP_WITHIN_MS = 5_000;

/**
 * Each keyed request runs once. Its key is leased while it is worked on, and the lease renewed while its process lives; a
 * repeat is refused until there is an answer, or until a dead process's lease has run out.
 */
@Injectable()
export class IdempotencyService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(IdempotencyService.name);
  private readonly claims = new Set<string>();
  private end = () => {};

  constructor(
    private readonly repository: IdempotencyRepository,
    private readonly readiness: ReadinessChecks,
  ) {}

  onModuleInit(): void {
    this.end = every(RENEW_MS, this.logger, async () => {
      if (this.claims.size > 0) await this.repository.renew([...this.claims]);
    });
  }

  beforeApplicationShutdown(): void {
    this.end();
  }

  /**
   * The answer a repeat gets, or a recording of the one to come. Throws `idempotency_key_conflict`,
   * `idempotency_request_in_progress`, `idempotency_answer_not_kept`.
   */
  async begin(request: KeyedRequest): Promise<KeptAnswer | Recording> {
    for (;;) {
      const claim = newId();
      if (await this.repository.claim(request, claim)) return this.record(claim);
      const taken = await this.repository.find(request);
      if (!taken) continue; // let go in between
      if (!taken.fingerprint.equals(request.fingerprint)) throw keyConflict();
      if (taken.status === null) throw requestInProgress();
      if (!taken.body) throw answerNotKept();
      return { status: taken.status, headers: taken.headers ?? {}, body: await promisify(gunzip)(taken.body) };
    }
  }

  /** What an earlier request with the same key has begun, when its process died or its answer broke off before it was told. */
  async began(res: Response): Promise<string | null> {
    const claim = claimOf(res);
    return claim ? this.repository.began(claim) : null;
  }

  /**
   * To be part of the transaction in which a request begins what outlives it, so that its repeats find that. Nothing for
   * requests without a key. Throws `idempotency_request_in_progress` when the key is another process' by now.
   */
  async begins(tx: Transaction, res: Response, id: string): Promise<void> {
    const claim = claimOf(res);
    if (claim && !(await this.repository.begin(tx, claim, id))) throw requestInProgress();
  }

  private record(claim: string): Recording {
    this.claims.add(claim);
    return new Recording(claim, {
      keep: (answer) =>
        this.settle(claim, async () => {
          const body = answer.body && (await promisify(gzip)(answer.body));
          await retryWhileAway(() => this.repository.complete(claim, { ...answer, body }), KEEP_WITHIN_MS);
        }),
      release: () => this.settle(claim, () => this.repository.release(claim)),
    });
  }

  /** An answer that can't be kept is told nevertheless; its key is free again when the lease has run out. */
  private async settle(claim: string, write: () => Promise<void>): Promise<void> {
    try {
      await this.readiness.during(write());
    } catch (error) {
      logFailure(this.logger, error);
    } finally {
      this.claims.delete(claim);
    }
  }
}

function claimOf(res: Response): string | null {
  const recorder = recorderOf(res);
  return recorder instanceof Recording ? recorder.claim : null;
}
