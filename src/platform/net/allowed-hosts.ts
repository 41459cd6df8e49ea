/**
 * Hosts as they stand in addresses (WHATWG URL), or `*.` and a domain for all below it. Null for every host. Whether their
 * servers may be asked is another question: an address that is not public stays refused.
 */
export type AllowedHosts = readonly string[] | null;

/** @param host of a parsed URL */
export function isAllowedHost(host: string, allowed: AllowedHosts): boolean {
  if (allowed === null) return true;
  const name = host.replace(/\.$/, '');
  return allowed.some((one) => (one.startsWith('*.') ? name.endsWith(one.slice(1)) : name === one));
}

/**
 * An entry of such a list as it is compared: in lower case, in ASCII (UTS #46), addresses in their usual spelling, without
 * the dot of the root. Null for what is neither a host nor a domain.
 */
export function toAllowedHost(text: string): string | null {
  const [, wildcard = '', host = ''] = /^(\*\.)?([^/?#@\\*\s]+)$/.exec(text) ?? [];
  const url = `http://${host}/`;
  if (host === '' || !URL.canParse(url)) return null;
  const { hostname, port } = new URL(url);
  const name = hostname.replace(/\.$/, '');
  const isAddress = /^\[|^[\d.]+$/.test(name);
  // A port the parser leaves out because it is the usual one was told nevertheless.
  if (name === '' || port !== '' || (wildcard && isAddress) || /:\d*$/.test(host)) return null;
  return wildcard + name;
}
