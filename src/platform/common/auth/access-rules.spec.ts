import fc from 'fast-check';
import { isNetwork } from '../../config/networks';
import { AccessRules, type Restrictions } from './access-rules';

const rules = (...sources: Partial<Restrictions>[]) =>
  new AccessRules(
    sources.map((source) => ({ allowed_models: null, max_tokens_per_request: null, allowed_ips: null, ...source })),
  );

describe('access rules', () => {
  it('restrict nothing where nothing is said', () => {
    for (const none of [AccessRules.NONE, rules({}), rules({}, {})]) {
      expect([none.maxTokens, none.allowsModel('x/y'), none.allowsIp(null)]).toEqual([null, true, true]);
    }
  });

  it('all apply: the narrower wins', () => {
    const both = rules(
      { allowed_models: ['openai/*', 'demo/*'], max_tokens_per_request: 100, allowed_ips: ['10.0.0.0/8'] },
      { allowed_models: ['demo/echo', 'anthropic/*'], max_tokens_per_request: 500, allowed_ips: ['10.1.0.0/16'] },
    );
    expect(['demo/echo', 'demo/lorem', 'anthropic/x'].map((id) => both.allowsModel(id))).toEqual([true, false, false]);
    expect(['10.1.2.3', '10.2.2.3'].map((ip) => both.allowsIp(ip))).toEqual([true, false]);
    expect(both.maxTokens).toBe(100);
  });

  it('know addresses and networks of both families, and IPv4 in IPv6', () => {
    const some = rules({ allowed_ips: ['192.0.2.7', '198.51.100.0/24', '2001:db8::/32', '::1'] });
    for (const ip of ['192.0.2.7', '198.51.100.9', '2001:DB8:1::9', '::1', '::ffff:192.0.2.7']) {
      expect([ip, some.allowsIp(ip)]).toEqual([ip, true]);
    }
    for (const ip of ['192.0.2.8', '198.51.101.1', '2001:db9::1', '::2', null]) {
      expect([ip, some.allowsIp(ip)]).toEqual([ip, false]);
    }
  });

  it.each(['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::/0', '2001:db8::1/128'])('take %p', (text) => {
    expect(isNetwork(text)).toBe(true);
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '::/129',
    'fe80::1%eth0',
    'localhost',
    '1.2.3.4:80',
    '10.0.0.1/',
  ])('do not take %p', (text) => {
    expect(isNetwork(text)).toBe(false);
  });

  it('allow every address of a network and none beside it', () => {
    const ipv4 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
    const property = fc.property(
      fc.nat(0xffffffff),
      fc.integer({ min: 1, max: 32 }),
      fc.nat(0xffffffff),
      (base, prefix, other) => {
        const allowed = rules({ allowed_ips: [`${ipv4(base)}/${prefix}`] }).allowsIp(ipv4(other));
        expect(allowed).toBe(base >>> (32 - prefix) === other >>> (32 - prefix));
      },
    );
    fc.assert(property);
  });
});
