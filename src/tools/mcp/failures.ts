import { DomainError } from '../../platform/common/errors/domain.error';
import { ForbiddenAddress } from '../../platform/net/outbound.service';
import { AnswerTooLarge, TooManyRequests } from './bounded-fetch';
import { sdk } from './sdk';

const LONGEST = 1_000;
const CREDENTIALS = [401, 403];

/** It ended while somebody waited for an answer. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost';
  override message = 'the connection broke off';
}

/**
 * Why a server could not be asked, as a clause for admins and models. Nothing of the bodies of its refusals is in it: they
 * might repeat the credentials that were sent.
 */
export function reasonOf(error: unknown): string {
  const { McpError, ErrorCode, StreamableHTTPError } = sdk();
  if (error instanceof DomainError) return error.message;
  if (error instanceof AnswerTooLarge || error instanceof ConnectionLost || error instanceof TooManyRequests)
    return error.message;
  if (error instanceof StreamableHTTPError) return refusal(error.code ?? -1);
  if (error instanceof McpError) {
    // Servers use the SDK's own codes too; its own errors say how long was waited.
    if (error.code === (ErrorCode.RequestTimeout as number) && hasTimeout(error.data))
      return 'it did not answer in time';
    return `it answered with the error ${error.message.slice(0, LONGEST).toWellFormed()}`;
  }
  const { name, code, cause } = error as { name?: string; code?: string; cause?: unknown };
  if (cause instanceof ForbiddenAddress) return cause.message;
  if (code === 'ENOENT') return 'there is no such command';
  if (name?.endsWith('ZodError')) return 'what it answered is not what the protocol says';
  const why = code ?? (cause as { code?: string } | undefined)?.code;
  return `it can't be reached${why ? ` (${why})` : ''}`;
}

const hasTimeout = (data: unknown) => typeof data === 'object' && data !== null && 'timeout' in data;

function refusal(status: number): string {
  if (status >= 300 && status < 400) return `it redirects elsewhere (${status}), where it is not followed`;
  if (CREDENTIALS.includes(status)) return `it refuses the credentials (${status})`;
  return status > 0 ? `it answered with the status ${status}` : 'what it answered is not what the protocol says';
}

/** Whether the server no longer knows the session, and so did nothing: a new one can be begun, and asked again. */
export function isSessionLost(error: unknown): boolean {
  return error instanceof sdk().StreamableHTTPError && (error.code === 404 || error.code === 400);
}
