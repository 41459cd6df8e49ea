import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Response } from 'express';
import { type Observable, tap } from 'rxjs';
import { type AuthenticatedRequest } from '../platform/common/auth/principal';
import { DomainError } from '../platform/common/errors/domain.error';
import { rateHeaders } from '../platform/common/http/rate-headers';
import { RATE_LIMITED, type RequestCount } from './rate-limited.decorator';
import { RateLimitsService } from './rate-limits.service';

/**
 * The door of the routes that are `@RateLimited`. An interceptor, so that a request whose call is refused further inside,
 * for its tokens or for those under way, leaves again as if it had never come.
 */
@Injectable()
export class RateLimitInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: RateLimitsService,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const count = this.reflector.get<RequestCount | undefined>(RATE_LIMITED, context.getHandler());
    if (!count) return next.handle();
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    const entry = await this.limits.enter(request.principal, count(request.body));
    if (!entry) return next.handle();

    const res = http.getResponse<Response>();
    if (entry.requests) res.set(rateHeaders('requests', entry.requests));
    if (entry.tokens) res.set(rateHeaders('tokens', entry.tokens));
    if (entry.refusal) throw entry.refusal;
    return next.handle().pipe(tap({ error: (error) => isOurLimit(error) && entry.leave() }));
  }
}

const isOurLimit = (error: unknown) => error instanceof DomainError && error.code === 'rate_limit_exceeded';
