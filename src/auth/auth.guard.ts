import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard as PassportGuard } from '@nestjs/passport';
import { ipNotAllowed, workspaceNotFound } from '../platform/common/auth/access.errors';
import { PATH_WORKSPACE } from '../platform/common/auth/path-workspace.decorator';
import { type AuthenticatedRequest, type Principal } from '../platform/common/auth/principal';
import { IS_PUBLIC } from '../platform/common/auth/public.decorator';
import { clientIpOf } from '../platform/common/http/client-ip';
import { isUuid } from '../platform/common/ids';
import { invalidToken, tokenExpired } from './auth.errors';
import { type AccessClaims } from './auth.types';
import { readCredentials } from './credentials';
import { PrincipalsService } from './principals.service';

type Request = AuthenticatedRequest & { claims?: AccessClaims };

/** Lets nobody in without credentials, unless the route is `@Public()`, which doesn't look at any. */
@Injectable()
export class AuthGuard extends PassportGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly principals: PrincipalsService,
  ) {
    super();
  }

  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const target = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, target)) return true;

    const request = context.switchToHttp().getRequest<Request>();
    const pathParam = this.reflector.getAllAndOverride<string | undefined>(PATH_WORKSPACE, target);
    const credentials = readCredentials(request);
    if (credentials.kind === 'token') return this.admitToken(context, request, pathParam);

    const principal = this.principals.ofKey(credentials.key, wantedWorkspace(request, pathParam));
    return principal instanceof Promise ? principal.then((found) => admit(request, found)) : admit(request, principal);
  }

  /** What passport found: the claims, or why there are none. */
  override handleRequest<Claims>(error: Error | null, claims: Claims | false, why: unknown): Claims {
    if (error) throw error;
    if (claims) return claims;
    throw why instanceof Error && why.name === 'TokenExpiredError' ? tokenExpired() : invalidToken();
  }

  override getAuthenticateOptions(): { property: string } {
    return { property: 'claims' };
  }

  private async admitToken(context: ExecutionContext, request: Request, pathParam?: string): Promise<boolean> {
    await super.canActivate(context);
    if (!request.claims) throw invalidToken();
    return admit(request, await this.principals.ofToken(request.claims, wantedWorkspace(request, pathParam)));
  }
}

function admit(request: Request, principal: Principal): true {
  const ip = clientIpOf(request);
  if (!principal.rules.allowsIp(ip)) throw ipNotAllowed(ip);
  request.principal = principal;
  return true;
}

/** Null when the caller names none. One that can't be an id names nothing. */
function wantedWorkspace(request: Request, pathParam: string | undefined): string | null {
  const wanted = pathParam === undefined ? request.headers['x-workspace-id'] : request.params[pathParam];
  if (wanted === undefined) return null;
  if (!isUuid(wanted)) throw workspaceNotFound();
  return wanted.toLowerCase();
}
