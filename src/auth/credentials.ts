import { type IncomingMessage } from 'node:http';
import { invalidApiKey, invalidToken, missingCredentials } from './auth.errors';

export type Credentials = { kind: 'api_key'; key: string } | { kind: 'token'; token: string };

const BEARER = /^Bearer +(\S+) *$/i;
const KEY_START = 'parley_';

/** What the caller claims to be, not yet checked. Throws when there is nothing, too much, or nonsense. */
export function readCredentials({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): Credentials {
  const { authorization } = headers;
  const key = headers['x-api-key'];
  const bearer = authorization ? fromAuthorization(authorization, rawHeaders) : null;
  if (!key) {
    if (bearer) return bearer;
    throw missingCredentials();
  }
  if (typeof key !== 'string') throw invalidApiKey('Send one X-API-Key header.');
  if (bearer && (bearer.kind !== 'api_key' || bearer.key !== key)) {
    throw invalidApiKey('Authorization and X-API-Key differ. Send one of them.');
  }
  return { kind: 'api_key', key };
}

function fromAuthorization(authorization: string, rawHeaders: string[]): Credentials {
  // Node keeps the first of several and hides the others.
  if (rawHeaders.filter((name, i) => i % 2 === 0 && isAuthorization(name)).length > 1) {
    throw invalidToken('Send one Authorization header.');
  }
  if (/^Bearer *$/i.test(authorization)) throw missingCredentials();
  const credential = BEARER.exec(authorization)?.[1];
  if (!credential) throw invalidToken("Send 'Authorization: Bearer <access token or API key>'.");
  return credential.startsWith(KEY_START) ? { kind: 'api_key', key: credential } : { kind: 'token', token: credential };
}

const isAuthorization = (name: string) => name.length === 13 && name.toLowerCase() === 'authorization';
