import { randomUUID } from 'node:crypto';
import { type IncomingMessage } from 'node:http';

const ids = new WeakMap<IncomingMessage, string>();
const ACCEPTED = /^[\w-]{1,128}$/;

/** The caller's x-request-id when it is well formed, else a fresh one; the same for the whole request. */
export function requestIdOf(req: IncomingMessage): string {
  let id = ids.get(req);
  if (!id) {
    const offered = req.headers['x-request-id'];
    id = typeof offered === 'string' && ACCEPTED.test(offered) ? offered : randomUUID();
    ids.set(req, id);
  }
  return id;
}
