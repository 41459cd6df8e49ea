import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { type StoredBlob } from './blob-store';
import { fileTooLarge } from './files.errors';

/** Passes bytes on, counts and hashes them, and fails with `payload_too_large` at the first one over `maxBytes`. */
export class Measure extends Transform {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  constructor(private readonly maxBytes: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.maxBytes) return done(fileTooLarge(this.maxBytes));
    this.hash.update(chunk);
    done(null, chunk);
  }

  /** Of everything that passed; once, at the end. */
  result(): StoredBlob {
    return { bytes: this.bytes, sha256: this.hash.digest() };
  }
}
