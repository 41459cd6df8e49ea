import { isAllowedHost, toAllowedHost } from './allowed-hosts';

describe('the hosts a workspace allows', () => {
  it.each([
    ['example.com', 'example.com'],
    ['Example.COM.', 'example.com'],
    ['*.Example.com', '*.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['93.184.216.34', '93.184.216.34'],
    ['0x5d.184.216.34', '93.184.216.34'],
    ['[2606:4700:0::1111]', '[2606:4700::1111]'],
    ['intranet', 'intranet'],
  ])('%s is kept as %s', (text, kept) => expect(toAllowedHost(text)).toBe(kept));

  it.each([
    ...[
      '',
      '*',
      '*.',
      'https://example.com',
      'example.com/path',
      'example.com:8080',
      'example.com:80',
      'user@example.com',
    ],
    ...[
      '*.*.com',
      'exa*mple.com',
      '*.93.184.216.34',
      '*.[2606:4700::1111]',
      'a b',
      '2606:4700::1111',
      'a\\b',
      '.',
      '%zz',
    ],
  ])('%j is none', (text) => expect(toAllowedHost(text)).toBeNull());

  it('are all of them without a list, and none with an empty one', () => {
    expect(isAllowedHost('example.com', null)).toBe(true);
    expect(isAllowedHost('example.com', [])).toBe(false);
  });

  it.each<[string, string, boolean]>([
    ['example.com', 'example.com', true],
    ['example.com', 'example.com.', true],
    ['example.com', 'www.example.com', false],
    ['*.example.com', 'www.example.com', true],
    ['*.example.com', 'a.b.example.com.', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'evilexample.com', false],
    ['*.example.com', 'www.example.com.evil.org', false],
    ['[2606:4700::1111]', '[2606:4700::1111]', true],
  ])('%s: %s %j', (entry, host, allowed) => expect(isAllowedHost(host, [entry])).toBe(allowed));
});
