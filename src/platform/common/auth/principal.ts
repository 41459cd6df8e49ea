import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Request } from 'express';
import { type AccessRules } from './access-rules';
import { type Role, type Scope } from './permissions';

/** Who is asking, in which workspace. The first argument of everything that reads or writes a tenant's rows. */
export interface Principal {
  readonly userId: string;
  readonly workspaceId: string;
  /** The user's role in that workspace. */
  readonly role: Role;
  /** Whether they run the installation (`ADMIN_EMAIL`). */
  readonly instanceAdmin: boolean;
  /** Set when the caller used an API key. */
  readonly apiKeyId: string | null;
  /** What the API key is narrowed to; null for user tokens and keys without scopes. */
  readonly scopes: readonly Scope[] | null;
  /** Whether the API key has rules or an expiry, which what it could make would not have. */
  readonly restrictedKey?: boolean;
  /** What the member and the API key are held to, together. */
  readonly rules: AccessRules;
  /** The tier given to the key, else to the user, else to the workspace, whose limits apply; null for the default one. */
  readonly tier: string | null;
}

export interface AuthenticatedRequest extends Request {
  principal: Principal;
}

/** The authenticated caller. Only on routes without `@Public()`. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().principal,
);
