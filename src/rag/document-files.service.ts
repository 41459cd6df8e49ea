import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { newId } from '../platform/common/ids';
import { BlobStore } from '../platform/files/blob-store';
import { emptyFile, unsupportedFile } from './documents.errors';
import { type ReceivedBlob } from './documents.types';
import { LooseBlobsRepository } from './loose-blobs.repository';
import { HEAD_BYTES, mediaTypeOf } from './media-type';

/** Takes bytes into the blob store, where they are loose until a document claims them. */
@Injectable()
export class DocumentFilesService {
  constructor(
    private readonly blobs: BlobStore,
    private readonly loose: LooseBlobsRepository,
  ) {}

  /**
   * Stores what the stream gives, as it comes. Throws `document_empty`, `unsupported_media_type` and `payload_too_large`,
   * with nothing stored and the rest of the stream unread.
   */
  async receive(workspaceId: string, name: string, bytes: Readable, maxBytes: number): Promise<ReceivedBlob> {
    const { head, whole } = await peek(bytes);
    if (head.length === 0) throw emptyFile();
    const mediaType = await mediaTypeOf(head, name);
    if (mediaType === null) throw unsupportedFile();
    return this.store(workspaceId, mediaType, whole, maxBytes);
  }

  /** The same of bytes whose type is known. */
  async store(workspaceId: string, mediaType: string, bytes: Readable, maxBytes: number): Promise<ReceivedBlob> {
    const key = `documents/${workspaceId}/${newId()}`;
    await this.loose.expect(key);
    try {
      return { key, mediaType, ...(await this.blobs.put(key, bytes, { maxBytes })) };
    } catch (error) {
      await this.loose.forget([key]); // a put that fails leaves nothing
      throw error;
    }
  }

  /** Of what no document has claimed. Whether anything is left to be cleared away. */
  async release(keys: readonly string[]): Promise<boolean> {
    return keys.length > 0 && (await this.loose.release(keys)) > 0;
  }

  /** Of a blob that is not wanted after all. */
  async discard(key: string): Promise<void> {
    await this.blobs.delete(key);
    await this.loose.forget([key]);
  }

  open(key: string): Promise<Readable> {
    return this.blobs.open(key);
  }

  toLocalFile(key: string): ReturnType<BlobStore['toLocalFile']> {
    return this.blobs.toLocalFile(key);
  }
}

/** The first bytes, and all of them again. Whoever stops reading leaves the rest in the stream. */
async function peek(bytes: Readable): Promise<{ head: Buffer; whole: Readable }> {
  const pieces: AsyncIterator<Buffer, undefined> = bytes.iterator({ destroyOnReturn: false });
  const first: Buffer[] = [];
  for (let length = 0; length < HEAD_BYTES;) {
    const next = await pieces.next();
    if (next.done) break;
    first.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(first);
  // Not `yield*`, which would end the stream too when what is read of it ends in a failure.
  const all = async function* () {
    yield head;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  };
  return { head: head.subarray(0, HEAD_BYTES), whole: Readable.from(all(), { objectMode: false }) };
}
