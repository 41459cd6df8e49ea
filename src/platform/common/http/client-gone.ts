import { type Response } from 'express';

/** Aborts when the client goes away before its answer is complete. */
export function closedSignal(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort(new ClientGone());
  });
  return controller.signal;
}

/** The reason of an abort by `closedSignal`. Nobody is there to be told of it. */
export class ClientGone extends Error {
  override name = 'ClientGone';
  override message = 'the client went away';
}
