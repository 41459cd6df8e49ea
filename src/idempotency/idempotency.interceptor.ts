import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Response } from 'express';
import { finalize, NEVER, type Observable } from 'rxjs';
import { type AuthenticatedRequest } from '../platform/common/auth/principal';
import { validationFailed } from '../platform/common/errors/validation';
import { recordAnswer } from '../platform/common/http/answer-recorder';
import { IdempotencyService } from './idempotency.service';
import { type KeptAnswer, type KeyedRequest } from './idempotency.types';
import { Recording } from './recording';

/** Longer ones are of nothing, and refused when they are looked for. */
const LONGEST_ID = 64;
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Answers a repeated request with the stored answer. Runs after the guards, and before the body is checked. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly idempotency: IdempotencyService) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const [req, res] = [http.getRequest<AuthenticatedRequest>(), http.getResponse<Response>()];
    const key = req.header('idempotency-key');
    if (key === undefined) return next.handle();
    if (!KEY.test(key)) {
      const message = 'Idempotency-Key: expected 1 to 255 visible ASCII characters';
      throw validationFailed([{ field: 'Idempotency-Key', message }]);
    }
    const begun = await this.idempotency.begin(toKeyed(req, key));
    if (!(begun instanceof Recording)) {
      replay(begun, res);
      return NEVER; // it is answered: nothing is left to be said of it
    }
    recordAnswer(res, begun);
    // What the handler returned or threw is written before the event loop turns.
    return next.handle().pipe(finalize(() => setImmediate(() => void begun.over())));
  }
}

function toKeyed(request: AuthenticatedRequest, key: string): KeyedRequest {
  const { workspaceId, userId, apiKeyId } = request.principal;
  const [, query = ''] = request.originalUrl.split('?', 2);
  const fingerprint = createHash('sha256')
    .update(`${query}\n${JSON.stringify(request.body ?? null)}`)
    .digest();
  return { workspaceId, principalId: apiKeyId ?? userId, route: routeOf(request), key, fingerprint };
}

/** As it is served, with its ids: spelled in other cases, or with a slash at its end, it is the same route. */
function routeOf({ method, route, params }: AuthenticatedRequest): string {
  const { path } = route as { path: string };
  const idOf = (name: string) =>
    String(params[name] ?? '')
      .slice(0, LONGEST_ID)
      .toLowerCase();
  return `${method} ${path.replace(/:(\w+)/g, (_, name: string) => idOf(name))}`;
}

function replay({ status, headers, body }: KeptAnswer, res: Response): void {
  res.status(status).set(headers).set('x-parley-idempotent-replay', 'true');
  if (!res.getHeader('cache-control')) res.set('content-length', String(body.length));
  res.end(body);
}
