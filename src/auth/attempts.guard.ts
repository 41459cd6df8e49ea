import { type ExecutionContext, Injectable } from '@nestjs/common';
import { type ThrottlerModuleOptions, ThrottlerGuard } from '@nestjs/throttler';
import { type Principal } from '../platform/common/auth/principal';
import { formatReset } from '../platform/common/http/rate-headers';
import { type Config } from '../platform/config/config.service';
import { type Counters } from '../platform/store/store.types';
import { AttemptsStorage } from './attempts.storage';
import { tooManyAttempts } from './auth.errors';

const MINUTE = 60_000;

/**
 * Per minute and route: attempts from one address, and attempts on one account, counted alike whether it exists or
 * not. `requests` is named so that its headers come out as the `x-ratelimit-…-requests` of every other limit.
 */
export const attemptLimits = ({ yaml }: Config, counters: Counters): ThrottlerModuleOptions => ({
  storage: new AttemptsStorage(counters),
  throttlers: [
    { name: 'requests', ttl: MINUTE, limit: yaml.throttle.per_ip },
    {
      name: 'account',
      ttl: MINUTE,
      limit: yaml.throttle.per_mail,
      setHeaders: false,
      skipIf: (context) => accountOf(context) === null,
      getTracker: (_request, context) => accountOf(context) ?? '',
    },
  ],
});

/** Slows down guessing, before anything is hashed. Only on routes that name it. */
@Injectable()
export class AttemptsGuard extends ThrottlerGuard {
  protected override throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: { timeToBlockExpire: number },
  ): Promise<void> {
    return Promise.reject(tooManyAttempts(timeToBlockExpire));
  }

  /** Resets as in every other limit, and one `retry-after`, which the error table writes. */
  protected override setResponseHeader(
    res: Parameters<ThrottlerGuard['setResponseHeader']>[0],
    name: string,
    value: string | number,
  ): void {
    if (name.startsWith('Retry-After')) return;
    super.setResponseHeader(
      res,
      name.toLowerCase(),
      name.includes('-Reset') ? formatReset(Number(value) * 1_000) : value,
    );
  }
}

interface Attempt {
  principal?: Principal;
  body?: { email?: unknown; username?: unknown };
}

/** The account an attempt is on: the caller's own, or the one whose address the body names. */
function accountOf(context: ExecutionContext): string | null {
  const { principal, body } = context.switchToHttp().getRequest<Attempt>();
  if (principal) return principal.userId;
  const named = body?.email ?? body?.username;
  return typeof named === 'string' ? named.trim().toLowerCase() : null;
}
