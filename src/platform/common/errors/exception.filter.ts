import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { ClientGone } from '../http/client-gone';
import { requestIdOf } from '../http/request-id';
import { asDomainError, toProblem } from './problem';

/** Says every failure in the one error shape, and logs those nobody foresaw. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const res = http.getResponse<Response>();
    logFailure(this.logger, thrown);
    if (res.headersSent || res.destroyed) {
      res.destroy();
      return;
    }
    const { status, headers, error } = toProblem(thrown, requestIdOf(http.getRequest<Request>()));
    res.status(status).set(headers).json({ error });
  }
}

/** Those already in the log: one failure may be told to several readers. */
const logged = new WeakSet();

/**
 * Unforeseen failures with their stack; foreseen ones of ours or of a provider in a line; a caller's mistakes, and answers
 * nobody wants any more, not at all.
 */
export function logFailure(logger: Logger, thrown: unknown): void {
  if (thrown instanceof ClientGone) return;
  if (thrown instanceof Error) {
    if (logged.has(thrown)) return;
    logged.add(thrown);
  }
  const known = asDomainError(thrown);
  if (!known) logger.error(thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`));
  else if (known.kind.startsWith('upstream') || known.kind === 'unavailable') {
    const cause = known.cause instanceof Error ? ` (${known.cause.message})` : '';
    logger.warn(`${known.code}: ${known.message}${cause}`);
  }
}
