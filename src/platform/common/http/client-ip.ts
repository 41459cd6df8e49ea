import { isIP } from 'node:net';
import { type Request } from 'express';

const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * The address a request comes from, as far as `http.trusted_proxies` are believed; IPv4 also where the socket speaks IPv6
 * (RFC 4291, section 2.5.5.2). Null when a trusted proxy told something that is no address, or the socket is gone.
 */
export function clientIpOf({ ip = '' }: Pick<Request, 'ip'>): string | null {
  const address = ip.replace(MAPPED, '').replace(/%.*$/, '');
  return isIP(address) ? address : null;
}
