import { DomainError } from '../../platform/common/errors/domain.error';
import { ForbiddenAddress } from '../../platform/net/outbound.service';
import { AnswerTooLarge } from './bounded-fetch';
import { sdk } from './sdk';

const LONGEST = 1_000;
const CREDENTIALS = [401, 403];

/**
 * Why a server could not be asked, as a clause for admins and models. Nothing of the bodies of its refusals is in it: they
 * might repeat the credentials that were sent.
 */
export function reasonOf(error: unknown): string {
  const { McpError, ErrorCode, StreamableHTTPError } = sdk();
  if (error instanceof DomainError) return error.message;
  if (error instanceof AnswerTooLarge) return error.message;
  if (error instanceof StreamableHTTPError) return refusal(error.code ?? -1);
  if (error instanceof McpError) {
    if (error.code === (ErrorCode.RequestTimeout as number)) return 'it did not answer in time';
    if (error.code === (ErrorCode.ConnectionClosed as number)) return 'the connection broke off';
    return `it answered with the error ${error.message.slice(0, LONGEST).toWellFormed()}`;
  }
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof ForbiddenAddress) return cause.message;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOENT') return 'there is no such command';
  if (cause instanceof Error && cause.name === 'ZodError') return 'what it answered is not what the protocol says';
  return `it can't be reached${code ? ` (${code})` : ''}`;
}

function refusal(status: number): string {
  if (status >= 300 && status < 400) return `it redirects elsewhere (${status}), where it is not followed`;
  if (CREDENTIALS.includes(status)) return `it refuses the credentials (${status})`;
  return status > 0 ? `it answered with the status ${status}` : 'what it answered is not what the protocol says';
}

/** Whether the server no longer knows the session, and so did nothing: a new one can be begun, and asked again. */
export function isSessionLost(error: unknown): boolean {
  return error instanceof sdk().StreamableHTTPError && (error.code === 404 || error.code === 400);
}
