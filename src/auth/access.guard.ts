import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { authorize } from '../platform/common/auth/authorize';
import { type Permission } from '../platform/common/auth/permissions';
import { type AuthenticatedRequest } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';

/** Holds the caller against `@Requires`. A route without it needs `account:manage`. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { principal } = context.switchToHttp().getRequest<Partial<AuthenticatedRequest>>();
    if (!principal) return true; // a public route: AuthGuard lets nobody else through without one
    const target = [context.getHandler(), context.getClass()];
    const permission = this.reflector.getAllAndOverride<Permission | undefined>(Requires.KEY, target);
    authorize(principal, permission ?? 'account:manage');
    return true;
  }
}
