import { type Response } from 'express';
import { type ReadinessChecks } from '../readiness';

/** What a client that goes away in the middle leaves behind: an answer that goes on, or none. */
export const ON_DISCONNECT = ['continue', 'cancel'] as const;
export type OnDisconnect = (typeof ON_DISCONNECT)[number];

/** Aborts when the client goes away before its answer is complete. */
export function closedSignal(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort(new ClientGone());
  });
  return controller.signal;
}

/** Aborts when an answer nobody stores is no longer wanted: its client left or, told to `continue`, the process has to stop. */
export const unwantedSignal = (
  res: Response,
  onDisconnect: OnDisconnect = 'cancel',
  { cut }: ReadinessChecks,
): AbortSignal => (onDisconnect === 'continue' ? cut.signal : closedSignal(res));

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
