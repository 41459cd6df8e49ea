import { buffer } from 'node:stream/consumers';
import { type z } from 'zod';
import { atMost } from '../../platform/net/decoded-body';
import { ToolError } from '../tools.errors';

/** Of an answer, decoded. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * What a service that the operator configured answers to a GET. Redirects are not followed.
 * Throws ToolError when it does not answer, or not as it should; the reason of `signal`.
 * @param service as the model is told it
 */
export async function askJson<T>(
  service: string,
  url: URL,
  schema: z.ZodType<T>,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<T> {
  const failed = (what: string, cause?: unknown) => new ToolError(`The ${service} ${what}.`, { cause });
  let body: unknown;
  try {
    const answer = await fetch(url, { headers: { ...headers, accept: 'application/json' }, redirect: 'error', signal });
    if (!answer.ok || !answer.body) {
      await answer.body?.cancel();
      throw failed(`answered ${answer.status}`);
    }
    body = JSON.parse((await buffer(atMost(MOST_BYTES, answer.body, () => failed('said too much')))).toString());
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ToolError) throw error;
    throw failed(error instanceof SyntaxError ? 'did not answer in JSON' : 'can not be reached', error);
  }
  const told = schema.safeParse(body);
  if (!told.success) throw failed('answered something else than it should', told.error);
  return told.data;
}

/** `path` below the address of a service, which may have a path of its own. */
export function endpoint(base: string, path: string, query: Record<string, string | undefined>): URL {
  const url = new URL(path, base.replace(/\/*$/, '/'));
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}
