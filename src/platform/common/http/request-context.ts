import { type NextFunction, type Request, type Response } from 'express';
import { requestIdOf } from './request-id';

/** Puts `x-request-id` and `x-process-time` (seconds until the headers left) on every response, errors included. */
export function requestContext(req: Request, res: Response, next: NextFunction): void {
  const started = performance.now();
  res.setHeader('x-request-id', requestIdOf(req));
  const writeHead = res.writeHead.bind(res);
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    res.setHeader('x-process-time', ((performance.now() - started) / 1000).toFixed(6));
    return writeHead(...args);
  }) as typeof writeHead;
  next();
}

/** Headers a browser on another origin may read. */
export const EXPOSED_HEADERS = [
  'x-request-id',
  'x-process-time',
  'x-parley-provider',
  'x-parley-model',
  'x-parley-attempts',
  'x-parley-cost-usd',
  'x-parley-cache',
  'x-parley-idempotent-replay',
  'x-should-retry',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
  'retry-after',
];
