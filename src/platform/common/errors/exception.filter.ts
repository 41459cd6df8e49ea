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
    if (thrown instanceof ClientGone) return; // nobody is there to be told
    logFailure(this.logger, thrown);
    if (res.headersSent || res.destroyed) {
      res.destroy();
      return;
    }
    const { status, headers, error } = toProblem(thrown, requestIdOf(http.getRequest<Request>()));
    res.status(status).set(headers).json({ error });
  }
}

/** Unforeseen failures with their stack; foreseen ones of ours or of a provider in a line; a caller's mistakes not at all. */
export function logFailure(logger: Logger, thrown: unknown): void {
  const known = asDomainError(thrown);
  if (!known) logger.error(thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`));
  else if (known.kind.startsWith('upstream') || known.kind === 'unavailable') {
    const cause = known.cause instanceof Error ? ` (${known.cause.message})` : '';
    logger.warn(`${known.code}: ${known.message}${cause}`);
  }
}
