import { availableParallelism } from 'node:os';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Interrupted } from '../platform/common/http/client-gone';
import { Config } from '../platform/config/config.service';
import { type ParsedDocument } from './parsed.types';
import { type SourceFile } from './parsers/parser.types';
import { documentDamaged } from './parsing.errors';
import { ParserPool } from './parsing/parser-pool';
import { ParserCrash } from './parsing/parser-process';

const MOST_PROCESSES = 4;
const IDLE_MS = 30_000;

/**
 * Makes text of files, in processes of its own that are ended when they take more time or memory than they may
 * (`parsing` in parley.yaml). Nothing of a file is parsed in this process.
 */
@Injectable()
export class ParsingService implements OnApplicationShutdown {
  private readonly logger = new Logger(ParsingService.name);
  private readonly pool: ParserPool;

  constructor({ yaml: { parsing } }: Config) {
    this.pool = new ParserPool({
      size: parsing.processes ?? Math.min(availableParallelism(), MOST_PROCESSES),
      timeoutMs: parsing.timeout,
      memoryBytes: parsing.memory,
      idleMs: IDLE_MS,
    });
  }

  /**
   * `onProgress` hears whole per cent, rising, at most ten times a second. An abort ends the parser at once.
   *
   * @throws DomainError `document_encrypted`, `document_damaged`, `document_scanned`, `document_empty`,
   * `document_too_complex`, `parsing_timed_out`, `parsing_out_of_memory`, `unsupported_document`; the reason of `signal`;
   * Interrupted when this process stops.
   */
  async parse(file: SourceFile, signal: AbortSignal, onProgress: (percent: number) => void): Promise<ParsedDocument> {
    try {
      return await this.pool.parse(file, signal, onProgress);
    } catch (error) {
      if (!(error instanceof ParserCrash)) throw error;
      this.logger.error(error, `a parser failed over a file of type ${file.mediaType}`);
      throw documentDamaged('It can’t be read: its parser failed over it.');
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close(new Interrupted());
  }
}
