import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collection } from '../support/documents';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

jest.setTimeout(120_000);

const MB = 1024 * 1024;
const LARGE = 256 * MB;

describe('uploads', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-uploads-'));
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    // Nobody parses: what is seen here is the upload alone.
    parley = await startParley({
      env: { DATA_DIR: dataDir, WORKERS: 'off' },
      yaml: 'documents: { max_upload: 300mb }',
    });
    alice = await parley.user();
  });
  afterAll(async () => {
    await parley.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Resident memory of the process, in bytes. */
  const resident = () =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${parley.pid}/status`, 'utf8'))![1]) * 1024;
  /** All bytes of files under the data directory. */
  const stored = () =>
    readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.parentPath.includes('files'))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).size);

  /** A multipart upload, written by hand. */
  const begin = (collectionId: string, name: string): ClientRequest => {
    const sent = request(`${parley.url}/v1/collections/${collectionId}/documents`, {
      method: 'POST',
      headers: { ...alice.headers, 'content-type': 'multipart/form-data; boundary=edge' },
    });
    sent.on('error', () => undefined); // it is cut on purpose
    sent.write(`--edge\r\ncontent-disposition: form-data; name="files"; filename="${name}"\r\n\r\n`);
    return sent;
  };
  const write = async (sent: ClientRequest, bytes: number) => {
    const piece = Buffer.from('All work and no play. '.repeat(3_000));
    for (let left = bytes; left > 0; left -= piece.length) {
      if (!sent.write(piece.subarray(0, left))) await once(sent, 'drain');
    }
  };
  const answer = async (sent: ClientRequest): Promise<any> => {
    sent.end('\r\n--edge--\r\n');
    const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer>];
    let body = '';
    for await (const piece of response) body += piece.toString();
    return JSON.parse(body);
  };

  it('stream: the memory of the process does not grow with the file', async () => {
    const id = await collection(alice);
    const before = resident();
    let most = 0;
    const sent = begin(id, 'large.txt');
    for (let i = 0; i < 32; i++) {
      await write(sent, LARGE / 32);
      most = Math.max(most, resident());
    }
    const { data } = await answer(sent);
    expect(data).toMatchObject([{ status: 'queued', bytes: LARGE, title: 'large.txt' }]);
    expect(Math.max(...stored())).toBe(LARGE);
    expect(most - before).toBeLessThan(96 * MB);
    await alice.delete(`/v1/documents/${data[0].id}`);
  });

  it('over the limit are refused with nothing kept, and the file after them is taken', async () => {
    const id = await collection(alice);
    const kept = stored().length;
    const sent = begin(id, 'too large.txt');
    await write(sent, 310 * MB);
    sent.write('\r\n--edge\r\ncontent-disposition: form-data; name="files"; filename="small.txt"\r\n\r\nsmall');
    const { data } = await answer(sent);
    expect(data).toMatchObject([
      { status: 'failed', error: { code: 'payload_too_large' } },
      { status: 'queued', bytes: 5 },
    ]);
    expect(stored()).toHaveLength(kept + 1);
  });

  it('that break off leave nothing, neither the file under way nor those before it', async () => {
    const id = await collection(alice);
    const kept = stored();
    const sent = begin(id, 'first.txt');
    await write(sent, MB);
    sent.write('\r\n--edge\r\ncontent-disposition: form-data; name="files"; filename="second.txt"\r\n\r\n');
    await write(sent, 8 * MB);
    await until(() => stored().length > kept.length);
    sent.destroy();
    await until(stored, (files) => files.length === kept.length);
    const loose = () => parley.database.query(`SELECT key FROM loose_blobs WHERE delete_after > now()`);
    await until(loose, ({ length }) => length === 0);
    expect((await alice.get(`/v1/collections/${id}/documents`)).body.data).toEqual([]);
  });
});
