import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { every } from '../platform/common/every';
import { RollupRepository } from './rollup.repository';

const FOLD_MS = 10_000;
const BATCH = 2_000;

/** Keeps the tail of usage that reports read row by row short. Any process may do it, one does at a time. */
@Injectable()
export class RollupService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(RollupService.name);
  private end = () => {};
  private closing = false;

  constructor(private readonly repository: RollupRepository) {}

  onModuleInit(): void {
    this.end = every(FOLD_MS, this.logger, () => this.fold());
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
    this.end();
  }

  /** Batch by batch, so that nobody waits for it. */
  private async fold(): Promise<void> {
    while (!this.closing && (await this.repository.fold(BATCH)) === BATCH);
  }
}
