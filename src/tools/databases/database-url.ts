import { type DatabaseAddress, SSL_MODES, type SslMode } from './databases.types';

const PROTOCOLS = ['postgres:', 'postgresql:'];
/** A name or an address, and no path of a socket. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i;
const PORT = 5432;

/**
 * `postgres://user:password@host:port/database`, of whose parameters only `sslmode` is known: others name files and sockets
 * of this machine. Null for anything else, and without a name or a password, which would be taken from this process.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password, pathname, searchParams, hash } = new URL(text);
  const sslmode = searchParams.get('sslmode') ?? 'disable';
  const database = decoded(pathname.slice(1));
  const [user, secret] = [decoded(username), decoded(password)];
  const known = [...searchParams.keys()].every((name) => name === 'sslmode') && hash === '';
  const whole = PROTOCOLS.includes(protocol) && HOST.test(hostname) && user && secret && database;
  if (!known || !whole || !isSslMode(sslmode)) return null;
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(port || PORT), user, password: secret, database, sslmode };
}

const isSslMode = (mode: string): mode is SslMode => SSL_MODES.some((one) => one === mode);

function decoded(part: string): string | null {
  try {
    const text = decodeURIComponent(part);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
