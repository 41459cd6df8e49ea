import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { DomainError } from '../../platform/common/errors/domain.error';
import { type ParsedDocument } from '../parsed.types';
import { parsingOutOfMemory, parsingTimedOut } from '../parsing.errors';
import { type ParserMessage, type ParserRequest, TEXT_FD } from './parser-messages';
import { residentBytes } from './resident-memory';

const ENTRY = join(__dirname, 'parser-process.main.js');
const LOOK_MS = 50;
/** What it says before it crashes. */
const MOST_STDERR = 4_096;
/** Of what it may hold, the part JavaScript may: the rest is buffers and code. */
const HEAP_SHARE = 0.75;

export interface Caps {
  timeoutMs: number;
  /** Resident. */
  memoryBytes: number;
}

/** A failure of a parser that nobody foresaw, or of its process. */
export class ParserCrash extends Error {
  override name = 'ParserCrash';
}

/** A process that parses, one file at a time, within its caps. It is told nothing of our environment. */
export class ParserProcess {
  private readonly child: ChildProcess;
  private readonly text: Readable;
  private readonly exited: Promise<unknown>;
  private stderr = '';
  private pieces: Buffer[] = [];
  private textBytes = 0;
  /** How many files it was given. */
  files = 0;

  constructor(private readonly caps: Caps) {
    const heap = Math.floor((caps.memoryBytes * HEAP_SHARE) / 1024 / 1024);
    this.child = fork(ENTRY, [], {
      env: {},
      execArgv: [`--max-old-space-size=${heap}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    });
    this.exited = once(this.child, 'exit').catch((error: unknown) => (this.stderr = String(error)));
    this.child.stderr?.setEncoding('utf8').on('data', (said: string) => {
      this.stderr = (this.stderr + said).slice(-MOST_STDERR);
    });
    this.text = this.child.stdio[TEXT_FD] as Readable;
    this.text.on('data', (piece: Buffer) => {
      this.pieces.push(piece);
      this.textBytes += piece.length;
    });
  }

  get alive(): boolean {
    return this.child.connected && !this.child.killed;
  }

  /** In bytes. */
  resident(): Promise<number> {
    return residentBytes(this.child.pid ?? 0);
  }

  /** At once. Resolves when it is gone. */
  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** It does not keep our process from ending while it waits for a file. */
  rest(): void {
    this.child.unref();
    this.child.channel?.unref();
  }

  /**
   * Throws what the file was refused for. Throws `parsing_timed_out`, `parsing_out_of_memory`, ParserCrash or the reason
   * of `signal` when the process had to be ended, and is gone.
   */
  async parse(
    file: ParserRequest,
    signal: AbortSignal,
    onProgress: (percent: number) => void,
  ): Promise<ParsedDocument> {
    this.files += 1;
    this.child.ref();
    this.child.channel?.ref();
    const over = new AbortController();
    const parsed = await Promise.race([
      this.answer(file, onProgress, over.signal),
      this.crash(),
      this.overtime(over.signal),
      this.overweight(over.signal),
      aborted(signal, over.signal),
    ])
      .catch(async (error: unknown) => {
        await this.end();
        throw error;
      })
      .finally(() => over.abort());
    if (parsed instanceof DomainError) throw parsed;
    return parsed;
  }

  /** The document, or what the file was refused for. */
  private async answer(
    file: ParserRequest,
    onProgress: (percent: number) => void,
    over: AbortSignal,
  ): Promise<ParsedDocument | DomainError> {
    const messages = on(this.child, 'message', { signal: over }) as AsyncIterable<[ParserMessage]>;
    this.child.send(file, () => undefined); // a process that can't be reached is one that ended
    for await (const [message] of messages) {
      if (message.type === 'progress') onProgress(message.percent);
      else if (message.type === 'refused') return new DomainError(message.kind, message.code, message.message);
      else if (message.type === 'failed') throw new ParserCrash(message.stack);
      else {
        const { textBytes, title, pages, headings } = message;
        return { text: await this.takeText(textBytes, over), title, pages, headings };
      }
    }
    throw new ParserCrash('it stopped talking');
  }

  private async takeText(bytes: number, over: AbortSignal): Promise<string> {
    while (this.textBytes < bytes) await once(this.text, 'data', { signal: over });
    const text = Buffer.concat(this.pieces).toString('utf8');
    this.pieces = [];
    this.textBytes = 0;
    return text;
  }

  private async crash(): Promise<never> {
    await this.exited;
    const { signalCode, exitCode } = this.child;
    // The system kills what takes more memory than there is.
    const full = signalCode === 'SIGKILL' || this.stderr.includes('heap out of memory');
    if (full) throw parsingOutOfMemory(this.caps.memoryBytes);
    throw new ParserCrash(
      `the parser process ended with ${signalCode ?? exitCode ?? 'nothing'}: ${this.stderr.trim()}`,
    );
  }

  private async overtime(over: AbortSignal): Promise<never> {
    await wait(this.caps.timeoutMs, undefined, { signal: over });
    throw parsingTimedOut(this.caps.timeoutMs);
  }

  private async overweight(over: AbortSignal): Promise<never> {
    do await wait(LOOK_MS, undefined, { signal: over });
    while ((await this.resident()) <= this.caps.memoryBytes);
    throw parsingOutOfMemory(this.caps.memoryBytes);
  }
}

/** Rejects with the reason of `signal`. */
async function aborted(signal: AbortSignal, over: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort', { signal: over });
  throw signal.reason;
}
