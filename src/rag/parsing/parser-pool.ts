import { type ParsedDocument } from '../parsed.types';
import { type ParserRequest } from './parser-messages';
import { type Caps, ParserProcess } from './parser-process';

export interface PoolSettings extends Caps {
  /** Processes at most. */
  size: number;
  /** A process without a file for so long is ended. */
  idleMs: number;
}

/** A process is replaced after so many files, or when it keeps so much of what it may hold. */
const MOST_FILES = 100;
const MOST_KEPT = 0.5;

/** Processes that parse, made when they are needed. Files wait in order for one that is free; the caps count from then on. */
export class ParserPool {
  private readonly processes = new Set<ParserProcess>();
  private readonly idle = new Map<ParserProcess, NodeJS.Timeout>();
  private readonly waiting: ((process: ParserProcess) => void)[] = [];
  private readonly closing = new AbortController();

  constructor(private readonly settings: PoolSettings) {}

  /** As ParserProcess.parse, and throws the reason of `close`. */
  async parse(
    file: ParserRequest,
    signal: AbortSignal,
    onProgress: (percent: number) => void,
  ): Promise<ParsedDocument> {
    const either = AbortSignal.any([signal, this.closing.signal]);
    const process = await this.take(either);
    try {
      return await process.parse(file, either, onProgress);
    } finally {
      await this.release(process);
    }
  }

  /** Ends all processes; whoever waits for one gets `reason`. */
  async close(reason: Error): Promise<void> {
    this.closing.abort(reason);
    for (const timer of this.idle.values()) clearTimeout(timer);
    await Promise.all([...this.processes].map((process) => process.end()));
  }

  private async take(signal: AbortSignal): Promise<ParserProcess> {
    signal.throwIfAborted();
    for (const [process, timer] of this.idle) {
      clearTimeout(timer);
      this.idle.delete(process);
      if (process.alive) return process;
      this.processes.delete(process);
    }
    if (this.processes.size < this.settings.size) return this.make();
    return new Promise((resolve, reject) => {
      const got = (process: ParserProcess) => {
        signal.removeEventListener('abort', left);
        resolve(process);
      };
      const left = () => {
        this.waiting.splice(this.waiting.indexOf(got), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', left, { once: true });
      this.waiting.push(got);
    });
  }

  private make(): ParserProcess {
    const process = new ParserProcess(this.settings);
    this.processes.add(process);
    return process;
  }

  private async release(process: ParserProcess): Promise<void> {
    const usable = await this.isUsable(process);
    if (!usable) {
      this.processes.delete(process);
      await process.end();
    }
    const next = this.closing.signal.aborted ? undefined : this.waiting.shift();
    if (next) next(usable ? process : this.make());
    else if (usable) this.rest(process);
  }

  private async isUsable(process: ParserProcess): Promise<boolean> {
    if (!process.alive || process.files >= MOST_FILES) return false;
    return (await process.resident()) < this.settings.memoryBytes * MOST_KEPT;
  }

  private rest(process: ParserProcess): void {
    process.rest();
    const timer = setTimeout(() => {
      this.idle.delete(process);
      this.processes.delete(process);
      void process.end();
    }, this.settings.idleMs);
    this.idle.set(process, timer.unref());
  }
}
