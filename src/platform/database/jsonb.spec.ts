import fc from 'fast-check';
import { toJsonb } from './jsonb';

describe('toJsonb', () => {
  it('replaces NUL and halves of surrogate pairs, which Postgres refuses', () => {
    expect(JSON.parse(toJsonb({ a: ['x\0y', '\ud83d', '\ude00 tail'] }))).toEqual({
      a: ['x\uFFFDy', '\uFFFD', '\uFFFD tail'],
    });
  });

  it('leaves whole characters and escapes that only look like them as they are', () => {
    const value = ['😀', '\\u0000', '\\ud83d', 'ü'];
    expect(JSON.parse(toJsonb(value))).toEqual(value);
  });

  it('never writes what Postgres refuses', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const strings: string[] = [];
        JSON.parse(toJsonb(value), (_, item: unknown) => (typeof item === 'string' ? strings.push(item) : item));
        return strings.every((text) => text.isWellFormed() && !text.includes('\0'));
      }),
    );
  });
});
