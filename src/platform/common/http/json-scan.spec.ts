import * as fc from 'fast-check';
import { isDeeperThan, unstorableEscape } from './json-scan';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('isDeeperThan', () => {
  it('counts the levels of any value, whatever its texts hold', () => {
    const text = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a') });
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, text, fc.array(tie('value')), fc.dictionary(text, tie('value'))),
    }));
    fc.assert(
      fc.property(value, fc.nat(6), (json, limit) => {
        expect(isDeeperThan(limit, Buffer.from(JSON.stringify(json)))).toBe(depthOf(json) > limit);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a million levels, and megabytes of text, in its stride', () => {
    expect(isDeeperThan(200, Buffer.from('['.repeat(1_000_000)))).toBe(true);
    expect(isDeeperThan(200, Buffer.from(`["${'\\"'.repeat(1_000_000)}"]`))).toBe(false);
    expect(isDeeperThan(200, Buffer.from(`["${'\\\\'.repeat(1_000_000)}"]`))).toBe(false);
    expect(isDeeperThan(200, Buffer.from(`["${'['.repeat(1_000_000)}`))).toBe(false); // cut short
  });
});

describe('unstorableEscape', () => {
  const scan = (json: string) => unstorableEscape(Buffer.from(json));

  it.each([
    ['"a\\u0000b"', '\\u0000'],
    ['"\\ud83d"', '\\ud83d'],
    ['"\\uD83D x"', '\\uD83D'],
    ['"\\ude00"', '\\ude00'],
    ['"\\ud83d\\ud83d\\ude00"', '\\ud83d'],
    ['"\\ud83d\\\\ude00"', '\\ud83d'],
  ])('finds what stands for no character in %s', (json, escape) => {
    expect(scan(json)).toBe(escape);
  });

  it.each(['"\\ud83d\\ude00"', '"\\\\u0000"', '"\\\\\\\\ud83d"', '"\\u0041"', '"😀"', '{}'])('lets %s pass', (json) => {
    expect(scan(json)).toBeNull();
  });

  it('agrees with what the parsed text holds', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('\\u0000', '\\ud83d', '\\ude00', '\\\\', 'u', 'a', '\\u0041'),
          maxLength: 12,
        }),
        (text) => {
          const json = `"${text}"`;
          const value = JSON.parse(json) as string;
          expect(scan(json) !== null).toBe(!value.isWellFormed() || value.includes('\0'));
        },
      ),
    );
  });
});
