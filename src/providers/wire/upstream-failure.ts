import { DomainError } from '../../platform/common/errors/domain.error';
import { UpstreamError, type UpstreamErrorOptions, type UpstreamFailure, upstreamTruncated } from '../providers.errors';
import { masked } from './openai-mask';
import { retryAfterSeconds } from './openai-retry-after';

/** A failure as a provider told it. */
export interface Told {
  provider: string;
  failure: UpstreamFailure;
  /** The provider's own sentence; shown only where the caller can mend what it says. */
  message: string;
  /** The key in use, which no message may show. */
  apiKey: string | null;
  headers?: Headers;
  /** The HTTP status, for the log. */
  status?: number | null;
  /** The field at fault, as the provider names it. */
  param?: string;
}

/** What a caller reads of it: one line without keys. The provider's words are in `cause`, for the log. */
export function toldFailure({ provider, failure, message, apiKey, headers, status, param }: Told): UpstreamError {
  const text = masked(message, apiKey);
  const options: UpstreamErrorOptions = { cause: new Error(`${status ?? 'in the answer'}: ${text || 'no message'}`) };
  if (param) options.param = param;
  const seconds = headers ? retryAfterSeconds(headers, Date.now()) : null;
  if (seconds !== null) options.retryAfterSeconds = seconds;
  return new UpstreamError(provider, failure, sentence(provider, failure, text), options);
}

function sentence(provider: string, failure: UpstreamFailure, text: string): string {
  switch (failure) {
    case 'auth':
      return `${provider} did not accept Parley's account or key.`;
    case 'rate_limit':
    case 'quota':
      return `${provider} is limiting requests or its quota is used up.`;
    case 'overloaded':
      return `${provider} is overloaded.`;
    case 'timeout':
      return `${provider} did not answer in time.`;
    case 'bad_request':
    case 'model_not_found':
    case 'context_length':
    case 'content_filter':
      return text ? `${provider}: ${text}` : `${provider} refused the request.`;
    default:
      return `${provider} failed.`;
  }
}

/**
 * What went wrong on the way to a provider or back. Failures already classified pass through, and so does anything
 * that is no failure of the network: a mistake of ours.
 * @param answering whether the provider had begun to answer.
 */
export function networkFailure(provider: string, error: unknown, answering: boolean): unknown {
  if (error instanceof DomainError) return error;
  if (error instanceof RangeError) {
    return new UpstreamError(provider, 'server', `${provider} sent more than can be read.`, { cause: error });
  }
  const code = codeOf(error);
  if (code === null) return error;
  if (answering) return Object.assign(upstreamTruncated(provider), { cause: error });
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new UpstreamError(provider, 'timeout', `${provider} could not be reached in time.`, {
      cause: error,
      unsent: true,
    });
  }
  return new UpstreamError(provider, 'connection', `${provider} could not be reached.`, { cause: error });
}

/** A Node or undici error code: `ECONNRESET`, `UND_ERR_SOCKET`; for an answer that is no HTTP undici's name of it. */
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'name' in error && error.name === 'HTTPParserError' ? error.name : null;
}
