import fc from 'fast-check';
import { formatUsd, parseUsd } from './money';

describe('amounts of USD', () => {
  it.each([
    ['0.000420', 420_000_000n],
    ['0', 0n],
    ['12', 12_000_000_000_000n],
    ['0.000000000001', 1n],
    ['-1.5', -1_500_000_000_000n],
  ])('reads %s exactly', (text, units) => {
    expect(parseUsd(text)).toBe(units);
  });

  it.each([
    [420_000_000n, '0.000420'],
    [0n, '0.000000'],
    [1n, '0.000000000001'],
    [1_234_567_890_123n, '1.234567890123'],
    [-5n, '-0.000000000005'],
    [10_000_000_000_000n, '10.000000'],
  ])('writes %s with six to twelve decimals', (units, text) => {
    expect(formatUsd(units)).toBe(text);
  });

  it.each(['1e-7', '0.0000000000001', '', 'NaN', '1.', '1,5', ' 1'])('refuses %j rather than rounding it', (text) => {
    expect(() => parseUsd(text)).toThrow(RangeError);
  });

  it('loses nothing on the way out and back', () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), (units) => parseUsd(formatUsd(units)) === units));
  });
});
