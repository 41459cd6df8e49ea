import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { UpstreamError } from '../providers.errors';
import { failureOf } from './openai-failures';
import { isObject } from './openai-wire';
import { networkFailure, toldFailure } from './upstream-failure';

/** Whose error it is, and the key that no message may show. */
export interface ErrorContext {
  provider: string;
  apiKey: string | null;
}

/** What a server said of its failure. `status` is null inside a stream, `told` is the body's `error`, or the body. */
export interface Refusal {
  status: number | null;
  told: unknown;
  headers?: Headers;
}

/**
 * Whatever a call threw, as an UpstreamError: refusals typed by the SDK, failures of the network, a body cut short.
 * Anything else is a mistake of ours and comes back as it is.
 * @param received whether bytes of the answer had come.
 */
export function toUpstreamError(error: unknown, context: ErrorContext, received: boolean): unknown {
  const { provider } = context;
  if (error instanceof APIConnectionTimeoutError) {
    return new UpstreamError(provider, 'timeout', `${provider} did not answer in time.`, { cause: error });
  }
  if (error instanceof APIConnectionError) {
    const cause: unknown = error.cause ?? error;
    return new UpstreamError(provider, 'connection', `${provider} could not be reached.`, { cause });
  }
  if (isRefusal(error)) {
    const { status, headers } = error;
    return refusal(context, { status, told: error.error ?? plainBody(error), ...(headers && { headers }) });
  }
  return networkFailure(provider, error, received);
}

/** A failure that the server told, as its caller may read it. */
export function refusal({ provider, apiKey }: ErrorContext, { status, told, headers }: Refusal): UpstreamError {
  const error = isObject(told) ? told : { message: told };
  const message = textOf(error);
  return toldFailure({
    provider,
    apiKey,
    message,
    status,
    failure: failureOf(status ?? statusOf(error), error, message),
    ...(headers && { headers }),
    ...(typeof error.param === 'string' && { param: error.param }),
  });
}

type Refused = APIError<number, Headers | undefined, object | undefined>;
const isRefusal = (error: unknown): error is Refused => error instanceof APIError && typeof error.status === 'number';

/** A body that was no JSON, out of the SDK's message. A page of HTML tells nothing. */
function plainBody({ status, message }: Refused): string {
  const text = message.replace(`${status} `, '');
  return text === 'status code (no body)' || text.trimStart().startsWith('<') ? '' : text;
}

/** OpenRouter and Groq tell inside a stream which status it would have been. */
function statusOf({ code, status_code, status }: Record<string, unknown>): number | null {
  const told = [code, status_code, status].map(Number).find((value) => value >= 400 && value < 600);
  return told ?? null;
}

function textOf({ message, detail, error }: Record<string, unknown>): string {
  const text = message ?? detail ?? error;
  return typeof text === 'string' ? text : text === undefined || text === null ? '' : JSON.stringify(text);
}
