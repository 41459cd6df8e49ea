import { clientIpOf } from './client-ip';

describe('the address of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['unknown', null],
    ['', null],
    ["1.2.3.4', now())--", null],
  ])('is of %p %p', (ip, address) => {
    expect(clientIpOf({ ip })).toBe(address);
  });

  it('is none when the socket is gone', () => {
    expect(clientIpOf({ ip: undefined })).toBeNull();
  });
});
