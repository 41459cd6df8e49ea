import { type RequestHandler } from 'express';
import { DomainError } from '../errors/domain.error';
import { type ReadinessChecks } from '../readiness';

const RETRY_AFTER_SECONDS = 1;

/**
 * Counts the answers under way, for which a shutdown waits. While the process drains, nothing begins but what is
 * `open`, and no connection is kept for another request.
 */
export const whileDraining =
  (readiness: ReadinessChecks, open: readonly string[]): RequestHandler =>
  (req, res, next) => {
    readiness.answering++;
    res.once('close', () => readiness.answering--);
    if (!readiness.draining) {
      next();
      return;
    }
    res.setHeader('connection', 'close');
    next(open.includes(req.path) ? undefined : stopping());
  };

const stopping = () =>
  new DomainError('unavailable', 'service_unavailable', 'This process is stopping. Another one will answer.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
