import { once } from 'node:events';
import { type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type Asked, type Fault } from './scripts';
import { type HttpFailure, type Wire } from './wire';

/** Where an answer goes. Waiting in any of the functions below ends with an AbortError when the client is `gone`. */
export interface Stage {
  wire: Wire;
  res: ServerResponse;
  gone: AbortSignal;
  wrote: (bytes: number) => void;
}

/** Answers whose end was the script's doing, not the client's. */
export const cutByScript = new WeakSet<ServerResponse>();

/** Says one answer, with its pauses and its fault. */
export async function play(answer: Answer, asked: Asked, stage: Stage): Promise<void> {
  if (answer.lateMs > 0) await sleep(answer.lateMs, undefined, { signal: stage.gone });
  await (asked.stream ? playStream(answer, asked, stage) : playWhole(answer, asked, stage));
}

async function playStream(answer: Answer, asked: Asked, stage: Stage): Promise<void> {
  const { wire, res, gone } = stage;
  res.writeHead(200, headersOf(wire, true));
  res.flushHeaders();
  let deltas = 0;
  for (const { kind, bytes } of wire.frames(answer, asked)) {
    if (answer.fault && (kind === 'close' || kind === 'terminal')) {
      await playFault(answer.fault, wire.malformedFrame, stage);
      return;
    }
    if (kind === 'delta' && deltas++ > 0) {
      if (answer.keepAlive) await write(stage, wire.keepAliveFrame);
      if (answer.gapMs > 0) await sleep(answer.gapMs, undefined, { signal: gone });
    }
    await write(stage, bytes);
    if (kind === 'terminal' && answer.terminalTwice) await write(stage, bytes);
  }
  res.end();
}

async function playWhole(answer: Answer, asked: Asked, stage: Stage): Promise<void> {
  const { wire, res, gone } = stage;
  const deltas = answer.blocks.reduce((sum, block) => sum + block.deltas.length, 0);
  if (answer.gapMs > 0) await sleep(answer.gapMs * Math.max(0, deltas - 1), undefined, { signal: gone });
  if (answer.fault === 'error') {
    fail(res, wire, wire.refusal('overloaded', asked));
    return;
  }
  const bytes = JSON.stringify(wire.whole(answer, asked));
  res.writeHead(200, headersOf(wire, false));
  if (answer.fault) {
    await write(stage, bytes.slice(0, bytes.length / 2));
    await playFault(answer.fault, '', stage);
    return;
  }
  await write(stage, bytes);
  res.end();
}

async function playFault(fault: Fault, malformed: string, stage: Stage): Promise<void> {
  const { wire, res } = stage;
  if (fault === 'hang') return;
  if (fault === 'cut') {
    cutByScript.add(res);
    // What was written reaches the client before the connection dies.
    await new Promise<void>((flushed) => res.write(' ', () => flushed()));
    res.socket?.destroy();
    return;
  }
  if (fault === 'error') await write(stage, wire.errorFrame);
  if (fault === 'malformed') await write(stage, malformed);
  res.end();
}

async function write({ res, gone, wrote }: Stage, bytes: string): Promise<void> {
  gone.throwIfAborted();
  wrote(Buffer.byteLength(bytes));
  if (!res.write(bytes)) await once(res, 'drain', { signal: gone });
}

export const headersOf = (wire: Wire, stream: boolean) => ({
  ...wire.headers(),
  'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json',
  ...(stream && { 'cache-control': 'no-cache' }),
});

export function fail(res: ServerResponse, wire: Wire, { status, headers, body }: HttpFailure): void {
  res.writeHead(status, { ...headersOf(wire, false), ...headers }).end(JSON.stringify(body));
}
