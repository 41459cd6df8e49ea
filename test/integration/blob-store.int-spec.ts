import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type BlobStore } from '../../src/platform/files/blob-store';
import { dist } from '../support/dist';
import { FakeS3 } from '../support/fake-s3';

type LocalModule = typeof import('../../src/platform/files/local.blob-store');
type S3Module = typeof import('../../src/platform/files/s3.blob-store');

const { LocalBlobStore } = dist('platform/files/local.blob-store') as LocalModule;
const { S3BlobStore } = dist('platform/files/s3.blob-store') as S3Module;

interface Driver {
  store: BlobStore;
  /** How many things are kept, whole or half. */
  kept: () => number;
  stop: () => void | Promise<void>;
}

const s3Settings = {
  bucket: 'bucket',
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 's' },
};

function local(): Driver {
  const folder = mkdtempSync(join(tmpdir(), 'parley-files-'));
  const kept = () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).length;
  return { store: new LocalBlobStore(folder), kept, stop: () => rmSync(folder, { recursive: true }) };
}

async function s3(): Promise<Driver> {
  const server = await new FakeS3().start();
  const store = new S3BlobStore({ ...s3Settings, endpoint: server.url });
  const stop = async () => {
    await store.onApplicationShutdown();
    server.stop();
  };
  return { store, kept: () => server.objects.size + server.uploads.size, stop };
}

/** In uneven pieces, as sockets give them. */
function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = Math.min(size * 3, 100_000)) {
    yield bytes.subarray(at, at + size);
  }
}

const ROOM = { maxBytes: 100_000_000 };

describe.each<[string, () => Driver | Promise<Driver>]>([
  ['local', local],
  ['s3', s3],
])('blob store: %s', (_, start) => {
  let driver: Driver;
  beforeEach(async () => {
    driver = await start();
  });
  afterEach(() => driver.stop());

  const put = (key: string, bytes: Buffer, limit = ROOM) => driver.store.put(key, Readable.from(pieces(bytes)), limit);
  const get = async (key: string) => buffer(await driver.store.open(key));

  it.each([0, 1, 70_000, 5 * 1024 * 1024, 13_000_001])(
    'gives back %d bytes as they came, counted and hashed',
    async (size) => {
      const bytes = randomBytes(size);
      const stored = await put('workspace/document.v1', bytes);
      expect(stored.bytes).toBe(size);
      expect(Buffer.from(stored.sha256)).toEqual(createHash('sha256').update(bytes).digest());
      expect((await get('workspace/document.v1')).equals(bytes)).toBe(true);
    },
  );

  it('replaces what was there, and deletes it, once or twice', async () => {
    await put('a', Buffer.from('old'));
    await put('a', Buffer.from('new'));
    expect((await get('a')).toString()).toBe('new');
    await driver.store.delete('a');
    await driver.store.delete('a');
    await expect(driver.store.open('a')).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(driver.store.toLocalFile('a')).rejects.toMatchObject({ code: 'file_not_found' });
    expect(driver.kept()).toBe(0);
  });

  it.each([10, 8_000_000])(
    'refuses more than %d bytes, keeps nothing of it and what was there before',
    async (maxBytes) => {
      await put('a', Buffer.from('before'));
      const source = Readable.from(pieces(randomBytes(maxBytes + 1)));
      await expect(driver.store.put('a', source, { maxBytes })).rejects.toMatchObject({ code: 'payload_too_large' });
      expect(source.destroyed).toBe(true);
      expect((await get('a')).toString()).toBe('before');
      expect(driver.kept()).toBe(1);
      await put('b', randomBytes(maxBytes), { maxBytes });
    },
  );

  it.each([10, 8_000_000])('keeps nothing of a source that breaks off after %d bytes', async (size) => {
    const broken = function* () {
      yield* pieces(randomBytes(size));
      throw new Error('the client went away');
    };
    await expect(driver.store.put('a', Readable.from(broken()), ROOM)).rejects.toThrow('the client went away');
    const left = new Readable({ read: () => undefined });
    const stored = driver.store.put('a', left, ROOM);
    left.push('the beginning');
    left.destroy();
    await expect(stored).rejects.toThrow('Premature close');
    expect(driver.kept()).toBe(0);
  });

  it('gives a file of this machine for as long as it is wanted', async () => {
    await put('a', Buffer.from('content'));
    const file = await driver.store.toLocalFile('a');
    expect(readFileSync(file.path, 'utf8')).toBe('content');
    await file.release();
    await file.release();
    expect((await get('a')).toString()).toBe('content');
  });

  it('leaves one of two that are put at once, whole', async () => {
    const two = [randomBytes(300_000), randomBytes(300_000)];
    await Promise.all(two.map((bytes) => put('a', bytes)));
    const kept = await get('a');
    expect(two.some((bytes) => bytes.equals(kept))).toBe(true);
  });

  it.each(['', '/a', '../a', 'a/../b', 'a//b', 'a/', '.a', 'a b', 'ä', 'a\0'])('refuses the key %j', async (key) => {
    await expect(put(key, Buffer.from('x'))).rejects.toThrow('not a key');
    await expect(driver.store.open(key)).rejects.toThrow('not a key');
    await expect(driver.store.toLocalFile(key)).rejects.toThrow('not a key');
    await expect(driver.store.delete(key)).rejects.toThrow('not a key');
  });
});

it('removes at its start what a killed process left half written long ago', async () => {
  const { store, stop, kept } = local();
  await store.put('a', Readable.from('x'), ROOM);
  const folder = (store as unknown as { incoming: string }).incoming;
  const [old, fresh] = [join(folder, 'old'), join(folder, 'fresh')];
  for (const path of [old, fresh]) writeFileSync(path, 'half');
  utimesSync(old, new Date(0), new Date(0));
  await (store as InstanceType<LocalModule['LocalBlobStore']>).onModuleInit();
  expect([existsSync(old), existsSync(fresh), kept()]).toEqual([false, true, 2]);
  await stop();
});

describe('s3 that fails', () => {
  let server: FakeS3;
  beforeAll(async () => {
    server = await new FakeS3().start();
  });
  afterAll(() => server.stop());

  it('tries again, then says that the store is away, and takes the next one', async () => {
    const store = new S3BlobStore({ ...s3Settings, endpoint: server.url });
    server.failing = 2;
    await store.put('a', Readable.from('x'), ROOM);
    server.failing = Infinity;
    const away = { code: 'service_unavailable' };
    const big = Readable.from(pieces(randomBytes(12_000_000)));
    await expect(store.put('b', big, ROOM)).rejects.toMatchObject(away);
    expect(big.destroyed).toBe(true);
    await expect(store.open('a')).rejects.toMatchObject(away);
    await expect(store.delete('a')).rejects.toMatchObject(away);
    server.failing = 0;
    expect((await buffer(await store.open('a'))).toString()).toBe('x');
    await store.onApplicationShutdown();
  });
});
