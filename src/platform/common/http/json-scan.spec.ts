import * as fc from 'fast-check';
import { shapeOf, unstorableEscape } from './json-scan';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

/** Fields and items in all, but the first of each list and object. */
const itemsOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value);
  return Math.max(0, inner.length - 1) + inner.reduce<number>((sum, one) => sum + itemsOf(one), 0);
};
const FREE = { depth: Infinity, items: Infinity };
const depthIn = (json: string) => shapeOf(Buffer.from(json), { ...FREE, depth: 200 }).depth;

describe('shapeOf', () => {
  it('counts the levels and items of any value, whatever its texts hold', () => {
    const text = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', 'a') });
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, text, fc.array(tie('value')), fc.dictionary(text, tie('value'))),
    }));
    fc.assert(
      fc.property(value, fc.nat(6), (json, limit) => {
        const bytes = Buffer.from(JSON.stringify(json));
        expect(shapeOf(bytes, FREE)).toEqual({ depth: depthOf(json), items: itemsOf(json) });
        expect(shapeOf(bytes, { ...FREE, depth: limit }).depth > limit).toBe(depthOf(json) > limit);
        expect(shapeOf(bytes, { ...FREE, items: limit }).items > limit).toBe(itemsOf(json) > limit);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a million levels, and megabytes of text, in its stride', () => {
    expect(depthIn('['.repeat(1_000_000))).toBe(201);
    expect(depthIn(`["${'\\"'.repeat(1_000_000)}"]`)).toBe(1);
    expect(depthIn(`["${'\\\\'.repeat(1_000_000)}"]`)).toBe(1);
    expect(depthIn(`["${'['.repeat(1_000_000)}`)).toBe(1); // cut short
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
