import { isIP } from 'node:net';
import { networksOf } from '../config/networks';

/**
 * What is not a public address, of IANA's special-purpose registries (RFC 6890 and its updates): this host, private and
 * shared networks, link-local ones with the metadata services of clouds, documentation, benchmarking, multicast, reserved.
 */
const SPECIAL_4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** What clouds answer at for the machines in them, among public addresses: Azure's wire server. */
const CLOUDS_OWN = ['168.63.129.16'];
/** Of IPv6 only global unicast is public, without what tunnels to IPv4 addresses, and documentation. */
const GLOBAL_6 = ['2000::/3'];
const SPECIAL_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '2620:4f:8000::/48'];

const special = networksOf([...SPECIAL_4, ...CLOUDS_OWN, ...SPECIAL_6]);
const global6 = networksOf(GLOBAL_6);

/** Whether everybody on the internet may be meant by it. False for what is no address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 4) return !special.check(address, 'ipv4');
  return global6.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
