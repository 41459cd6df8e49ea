import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/**
 * One key of AES-256-GCM (NIST SP 800-38D). An envelope is `nonce (96 random bits) ‖ ciphertext ‖ tag (128 bits)`; what
 * random nonces allow under one key are 2³² of them.
 */
export class EncryptionKey {
  /** Tells keys apart, and nothing of them. */
  readonly id: string;

  private constructor(private readonly key: Buffer) {
    this.id = createHmac('sha256', key).update('parley key id').digest('hex').slice(0, 16);
  }

  /**
   * 64 hexadecimal digits, or 32 bytes in base64 (43 characters, with or without padding), are the key itself. From any
   * other text it is derived by HKDF-SHA256 (RFC 5869), which adds nothing to a weak one.
   */
  static from(text: string): EncryptionKey {
    if (HEX.test(text)) return new EncryptionKey(Buffer.from(text, 'hex'));
    if (BASE64.test(text)) return new EncryptionKey(Buffer.from(text, 'base64'));
    return new EncryptionKey(Buffer.from(hkdfSync('sha256', text, '', 'parley encryption at rest', KEY_BYTES)));
  }

  /** @param context what the envelope belongs to: it opens for nothing else */
  seal(plaintext: string, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** Null when the envelope was changed, belongs to something else, or was sealed with another key. */
  open(envelope: Buffer, context: string): string | null {
    if (envelope.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, this.key, envelope.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(envelope.subarray(-TAG_BYTES));
    const plaintext = decipher.update(envelope.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      return Buffer.concat([plaintext, decipher.final()]).toString('utf8');
    } catch {
      return null; // the tag is not that of these bytes; Node tells no more
    }
  }
}
