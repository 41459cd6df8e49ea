import { type Readable } from 'node:stream';

/** What was stored: its length, and its SHA-256 (32 bytes). */
export interface StoredBlob {
  bytes: number;
  sha256: Buffer;
}

/** A blob as a file of this machine, for programs that read paths. `release` once it is no longer read; again is harmless. */
export interface LocalFile {
  path: string;
  release(): Promise<void>;
}

/**
 * Whole files under keys such as `workspace/document`, in a folder or in S3. Everything is streamed. Two who put the same
 * key at once leave one of the two, whole. Throws `service_unavailable` while the store is away.
 */
export abstract class BlobStore {
  /**
   * Stores what `bytes` gives, replacing what was there. When it has more than `maxBytes` (`payload_too_large`), or fails,
   * nothing is changed and `bytes` is destroyed.
   */
  abstract put(key: string, bytes: Readable, limit: { maxBytes: number }): Promise<StoredBlob>;

  /** Throws `file_not_found`. The stream fails when the store does; destroy it if it is not read to its end. */
  abstract open(key: string): Promise<Readable>;

  /** Throws `file_not_found`. */
  abstract toLocalFile(key: string): Promise<LocalFile>;

  /** What is not there is deleted already. */
  abstract delete(key: string): Promise<void>;
}
