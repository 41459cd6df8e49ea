import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { type Request } from 'express';
import { Config } from '../../platform/config/config.service';
import { originNotAllowed } from './mcp.errors';

/**
 * Pages that are not in `CORS_ORIGINS` are refused, also those that have made this server's address their own (DNS
 * rebinding). Programs send no `Origin`.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
 */
@Injectable()
export class McpOriginGuard implements CanActivate {
  private readonly allowed: readonly string[];

  constructor({ env }: Config) {
    this.allowed = env.CORS_ORIGINS;
  }

  canActivate(context: ExecutionContext): boolean {
    const { origin } = context.switchToHttp().getRequest<Request>().headers;
    if (origin === undefined || this.allowed.includes('*') || this.allowed.includes(origin)) return true;
    throw originNotAllowed();
  }
}
