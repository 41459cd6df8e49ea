import { type Response } from 'express';
import { type ReadinessChecks } from '../readiness';
import { recorderOf } from './answer-recorder';

/** What a client that goes away in the middle leaves behind: an answer that goes on, or none. */
export const ON_DISCONNECT = ['continue', 'cancel'] as const;
export type OnDisconnect = (typeof ON_DISCONNECT)[number];

/** Aborts when the client goes away before its answer is complete. */
export function closedSignal(res: Response): AbortSignal {
  const controller = new AbortController();
  const over = () => {
    if (!res.writableFinished) controller.abort(new ClientGone());
  };
  if (res.closed) over();
  else res.once('close', over);
  return controller.signal;
}

/**
 * Aborts when an answer that no conversation stores is no longer wanted: its client left or, where it is to `continue`, the
 * process has to stop. It continues unless told otherwise when it is kept for an `Idempotency-Key`: a client that lost its
 * connection asks again, and must not pay twice.
 */
export const unwantedSignal = (
  res: Response,
  onDisconnect: OnDisconnect | undefined,
  { cut }: ReadinessChecks,
): AbortSignal =>
  (onDisconnect ?? (recorderOf(res) ? 'continue' : 'cancel')) === 'continue' ? cut.signal : closedSignal(res);

/** The reason of an abort by `closedSignal`. Nobody is there to be told of it. */
export class ClientGone extends Error {
  override name = 'ClientGone';
  override message = 'the client went away';
}

/** Its user cancelled the answer, from wherever. */
export class Cancelled extends ClientGone {
  override name = 'Cancelled';
  override message = 'the answer was cancelled';
}

/** The process has to stop, and the answer outlasted the grace. */
export class Interrupted extends ClientGone {
  override name = 'Interrupted';
  override message = 'the server stopped';
}
