import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type S3Client } from '@aws-sdk/client-s3';
import { type OnApplicationShutdown } from '@nestjs/common';
import { type DomainError } from '../common/errors/domain.error';
import { BlobStore, type LocalFile, type StoredBlob } from './blob-store';
import { checkedKey } from './blob-key';
import { fileNotFound, filesAway } from './files.errors';
import { Measure } from './measure';

/** The least S3 takes as a part; two of them are in memory for each upload. */
const PART_BYTES = 5 * 1024 * 1024;
const CONNECT_MS = 5_000;
/** Without a byte from the other side. */
const SILENT_MS = 30_000;

export interface S3Settings {
  bucket: string;
  region: string;
  /** Another than Amazon's: MinIO, Ceph, R2 …; buckets are then part of the path. */
  endpoint: string | undefined;
  /** Undefined: what the machine's role gives. */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
}

/** Blobs as objects of a bucket. Large ones go up in parts, which appear as an object only when all are there. */
export class S3BlobStore extends BlobStore implements OnApplicationShutdown {
  private client: Promise<S3Client> | null = null;

  constructor(private readonly settings: S3Settings) {
    super();
  }

  async put(key: string, bytes: Readable, { maxBytes }: { maxBytes: number }): Promise<StoredBlob> {
    const target = this.target(key);
    const [client, { Upload }] = await Promise.all([this.connected(), import('@aws-sdk/lib-storage')]);
    const measure = new Measure(maxBytes);
    const upload = new Upload({
      client,
      params: { ...target, Body: measure },
      queueSize: 2,
      partSize: PART_BYTES,
    });
    // A source that breaks off, or has too much, fails `measure` and thereby the upload, which then removes its parts.
    const both = [pipeline(bytes, measure), upload.done()];
    await Promise.all(both).catch(async (error: unknown) => {
      // An upload that fails stops reading, which ends `measure` as aborted.
      const ofSource = measure.errored?.name === 'AbortError' ? null : measure.errored;
      measure.destroy();
      await Promise.allSettled(both);
      throw ofSource ?? failure(error);
    });
    return measure.result();
  }

  async open(key: string): Promise<Readable> {
    const target = this.target(key);
    const [client, { GetObjectCommand }] = await Promise.all([this.connected(), sdk()]);
    const { Body } = await client.send(new GetObjectCommand(target)).catch(failed);
    return Body as Readable; // in Node it is one
  }

  async toLocalFile(key: string): Promise<LocalFile> {
    const body = await this.open(key);
    const folder = await mkdtemp(join(tmpdir(), 'parley-blob-'));
    const release = () => rm(folder, { recursive: true, force: true });
    const path = join(folder, 'blob');
    try {
      await pipeline(body, createWriteStream(path, { mode: 0o600 }));
    } catch (error) {
      await release();
      throw failure(error);
    }
    return { path, release };
  }

  async delete(key: string): Promise<void> {
    const target = this.target(key);
    const [client, { DeleteObjectCommand }] = await Promise.all([this.connected(), sdk()]);
    await client.send(new DeleteObjectCommand(target)).catch(failed);
  }

  async onApplicationShutdown(): Promise<void> {
    (await this.client)?.destroy();
  }

  private target(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: checkedKey(key) };
  }

  private connected(): Promise<S3Client> {
    return (this.client ??= this.connect());
  }

  private async connect(): Promise<S3Client> {
    const { S3Client } = await sdk();
    const { region, endpoint, credentials } = this.settings;
    return new S3Client({
      region,
      ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
      ...(credentials ? { credentials } : {}),
      // Not every server that speaks S3 knows the checksums newer clients send unasked.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENT_MS },
    });
  }
}

/** Loaded when it is first used: it takes a quarter of a second. */
const sdk = () => import('@aws-sdk/client-s3');

function failed(error: unknown): never {
  throw failure(error);
}

function failure(error: unknown): DomainError {
  return error instanceof Error && error.name === 'NoSuchKey' ? fileNotFound() : filesAway(error);
}
