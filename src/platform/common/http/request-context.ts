import { AsyncLocalStorage } from 'node:async_hooks';
import { type NextFunction, type Request, type Response } from 'express';
import { clientIpOf } from './client-ip';
import { requestIdOf } from './request-id';

/** Where the work under way comes from. */
interface RequestOrigin {
  id: string;
  ip: string | null;
}

const current = new AsyncLocalStorage<RequestOrigin>();

/** The request that the running code serves, for what records who asked (log lines, the audit log); undefined outside requests. */
export const currentRequest = (): RequestOrigin | undefined => current.getStore();

/** Puts `x-request-id` and `x-process-time` (seconds until the headers left) on every response, errors included. */
export function requestContext(req: Request, res: Response, next: NextFunction): void {
  const started = performance.now();
  const id = requestIdOf(req);
  res.setHeader('x-request-id', id);
  const writeHead = res.writeHead.bind(res);
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    res.setHeader('x-process-time', ((performance.now() - started) / 1000).toFixed(6));
    return writeHead(...args);
  }) as typeof writeHead;
  current.run({ id, ip: clientIpOf(req) }, next);
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
