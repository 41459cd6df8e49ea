import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { every } from '../common/every';
import { BlobStore, type LocalFile, type StoredBlob } from './blob-store';
import { checkedKey } from './blob-key';
import { fileNotFound } from './files.errors';
import { Measure } from './measure';

/** What a killed process left half written is certainly not written to any more: no upload stands still for so long. */
const LEFT_BEHIND_MS = 3_600_000;
const SWEEP_MS = 600_000;

/** Blobs as files of a folder. They are written aside and renamed, so that nobody sees half a file. */
export class LocalBlobStore extends BlobStore implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(LocalBlobStore.name);
  private readonly blobs: string;
  private readonly incoming: string;
  private endSweeping: () => void = () => undefined;

  constructor(folder: string) {
    super();
    this.blobs = join(folder, 'blobs');
    this.incoming = join(folder, 'incoming');
  }

  async put(key: string, bytes: Readable, { maxBytes }: { maxBytes: number }): Promise<StoredBlob> {
    const path = this.path(key);
    const draft = join(this.incoming, randomUUID());
    await mkdir(this.incoming, { recursive: true, mode: 0o700 });
    const measure = new Measure(maxBytes);
    try {
      await pipeline(bytes, measure, createWriteStream(draft, { flags: 'wx', mode: 0o600 }));
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return measure.result();
  }

  async open(key: string): Promise<Readable> {
    const file = await open(this.path(key)).catch(missing);
    return file.createReadStream();
  }

  async toLocalFile(key: string): Promise<LocalFile> {
    const path = this.path(key);
    await access(path).catch(missing);
    return { path, release: () => Promise.resolve() };
  }

  async delete(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  onModuleInit(): Promise<void> {
    this.endSweeping = every(SWEEP_MS, this.logger, () => this.sweep());
    return this.sweep();
  }

  onModuleDestroy(): void {
    this.endSweeping();
  }

  /** Removes what processes that were killed left half written. */
  private async sweep(): Promise<void> {
    for (const name of await readdir(this.incoming).catch(() => [])) {
      const path = join(this.incoming, name);
      const left = await stat(path).catch(() => null); // another process was faster
      if (left && Date.now() - left.mtimeMs > LEFT_BEHIND_MS) await rm(path, { force: true });
    }
  }

  private path(key: string): string {
    return join(this.blobs, checkedKey(key));
  }
}

function missing(error: NodeJS.ErrnoException): never {
  throw error.code === 'ENOENT' || error.code === 'ENOTDIR' ? fileNotFound() : error;
}
