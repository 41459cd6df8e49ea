import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { EncryptionKey } from './encryption-key';

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const keyOf = (bytes: Buffer) => EncryptionKey.from(bytes.toString('base64'));

describe('an envelope', () => {
  it('opens to what was put in, with its key and for what it belongs to', () => {
    fc.assert(
      fc.property(key, text, text, (bytes, plaintext, context) => {
        const sealed = keyOf(bytes).seal(plaintext, context);
        expect(keyOf(bytes).open(sealed, context)).toBe(plaintext);
        expect(sealed.includes(plaintext) && plaintext.length > 3).toBe(false);
      }),
    );
  });

  it('does not open when a bit of it is another, or it is cut', () => {
    fc.assert(
      fc.property(key, text, fc.nat(), (bytes, plaintext, at) => {
        const sealed = keyOf(bytes).seal(plaintext, 'owner');
        const flipped = Buffer.from(sealed);
        const bit = at % (sealed.length * 8);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(keyOf(bytes).open(flipped, 'owner')).toBeNull();
        expect(keyOf(bytes).open(sealed.subarray(0, at % sealed.length), 'owner')).toBeNull();
      }),
    );
  });

  it('opens with no other key and for nothing else', () => {
    fc.assert(
      fc.property(key, key, text, text, (mine, other, a, b) => {
        fc.pre(!mine.equals(other) && a !== b);
        const sealed = keyOf(mine).seal('secret', a);
        expect(keyOf(other).open(sealed, a)).toBeNull();
        expect(keyOf(mine).open(sealed, b)).toBeNull();
      }),
    );
  });

  it('is never the same twice', () => {
    const mine = keyOf(randomBytes(32));
    expect(mine.seal('secret', 'owner')).not.toEqual(mine.seal('secret', 'owner'));
  });
});

describe('a key', () => {
  it('is the same however its bytes are written', () => {
    const bytes = randomBytes(32);
    const written = [bytes.toString('hex'), bytes.toString('hex').toUpperCase(), bytes.toString('base64')];
    const ids = [...written, bytes.toString('base64url')].map((one) => EncryptionKey.from(one).id);
    expect(new Set(ids).size).toBe(1);
  });

  it('is derived from any other text, and another for another text', () => {
    const ids = ['a passphrase of more than thirty-two characters', 'another passphrase of some forty characters'].map(
      (one) => EncryptionKey.from(one).id,
    );
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(ids[0]).not.toBe(ids[1]);
  });
});
