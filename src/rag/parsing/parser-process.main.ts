import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DomainError } from '../../platform/common/errors/domain.error';
import { documentTooComplex } from '../parsing.errors';
import { parsers } from '../parsers/registry';
import { type ParserMessage, type ParserRequest, TEXT_FD } from './parser-messages';

/** No more often than that. */
const PROGRESS_MS = 100;

/** A process that parses one file after the other, until the one that started it ends it. */
new Worker(join(__dirname, 'orphan-watch.js'), { workerData: process.ppid }).unref();
process.once('disconnect', () => process.exit(0));
process.on('message', (request: ParserRequest) => {
  void parse(request).then(say);
});

async function parse(request: ParserRequest): Promise<ParserMessage> {
  try {
    const parser = await parsers.parserOf(request.mediaType);
    const { text, ...rest } = await parser.parse(request, progress());
    return { type: 'parsed', textBytes: writeText(Buffer.from(text)), ...rest };
  } catch (error) {
    return told(error);
  }
}

/** Through a blocking pipe: whoever reads slowly is waited for. */
function writeText(bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) at += writeSync(TEXT_FD, bytes, at);
  return bytes.length;
}

function progress(): (percent: number) => void {
  let saidAt = 0;
  let said = 0;
  return (exact) => {
    const percent = Math.floor(exact);
    if (percent <= said || performance.now() - saidAt < PROGRESS_MS) return;
    [saidAt, said] = [performance.now(), percent];
    say({ type: 'progress', percent });
  };
}

function told(error: unknown): ParserMessage {
  // What ran out is the stack: a parser that works recursively met something nested deeply.
  const known =
    error instanceof RangeError && error.message.includes('call stack')
      ? documentTooComplex('It is nested too deeply.')
      : error;
  if (known instanceof DomainError) {
    const { kind, code, message } = known;
    return { type: 'refused', kind, code, message };
  }
  return { type: 'failed', stack: known instanceof Error ? (known.stack ?? known.message) : String(known) };
}

function say(message: ParserMessage): void {
  process.send?.(message);
}
