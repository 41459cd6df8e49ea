import { type RequestHandler } from 'express';
import { PinoLogger } from 'nestjs-pino';
import { requestIdOf } from '../common/http/request-id';
import { type AuthenticatedRequest } from '../common/auth/principal';

/**
 * One line per request, when its connection is done with it: method, path (never the query, which may hold secrets),
 * status, milliseconds, who. `aborted` when the client left before the answer was complete. A plain answer that took
 * longer than `slowMs` is a warning; streams take as long as they take.
 */
export const requestLog =
  (slowMs: number): RequestHandler =>
  (req, res, next) => {
    const started = performance.now();
    res.once('close', () => {
      const ms = Math.round(performance.now() - started);
      const { principal } = req as Partial<Pick<AuthenticatedRequest, 'principal'>>;
      const line = {
        request_id: requestIdOf(req),
        method: req.method,
        path: req.originalUrl.split('?', 1)[0],
        status: res.statusCode,
        ms,
        aborted: res.writableFinished ? undefined : true,
        user: principal?.userId,
        workspace: principal?.workspaceId,
      };
      const streamed = String(res.getHeader('content-type')).startsWith('text/event-stream');
      if (ms > slowMs && !streamed) PinoLogger.root.warn(line, 'slow request');
      else PinoLogger.root.info(line, 'request');
    });
    next();
  };
