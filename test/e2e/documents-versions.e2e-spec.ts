import { request } from 'node:http';
import { collection, prose, searchable, settled, text, upload } from '../support/documents';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

jest.setTimeout(60_000);

describe('documents that come again', () => {
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    parley = await startParley();
    alice = await parley.user();
  });
  afterAll(() => parley.stop());

  it('with the same bytes are the existing document, also when they come at the same time', async () => {
    const id = await collection(alice);
    const file = { name: 'same.txt', content: prose('same', 300) };
    const answers = await Promise.all(Array.from({ length: 8 }, () => upload(alice, id, [file])));
    const ids = new Set(answers.map(({ body }) => body.data[0].id));
    expect(ids.size).toBe(1);
    const [only] = ids;
    await settled(alice, only);
    const renamed = await upload(alice, id, [{ ...file, name: 'renamed.txt' }]);
    expect(renamed.body.data).toMatchObject([{ id: only, title: 'same.txt', status: 'ready' }]);
    const elsewhere = await upload(alice, await collection(alice), [file]);
    expect(elsewhere.body.data[0].id).not.toBe(only);
  });

  it('of the same title are versions: the old one answers until the new one is ready, then only that is listed', async () => {
    const id = await collection(alice);
    const [first, second] = [prose('first', 200), prose('second', 200)];
    const one = (await upload(alice, id, [{ name: 'plan.txt', content: first }])).body.data[0];
    await settled(alice, one.id);
    const two = (await upload(alice, id, [{ name: 'plan.txt', content: second }])).body.data[0];
    expect(two).toMatchObject({ title: 'plan.txt', version: 2 });
    expect(two.id).not.toBe(one.id);
    await settled(alice, two.id);
    const list = await alice.get(`/v1/collections/${id}/documents`);
    expect(list.body.data.map((document: any) => document.id)).toEqual([two.id]);
    const all = await alice.get(`/v1/collections/${id}/documents?superseded=true`);
    expect(all.body.data).toMatchObject([
      { id: two.id, superseded: false },
      { id: one.id, superseded: true, status: 'ready' },
    ]);
    expect((await alice.get(`/v1/documents/${one.id}/text`)).body.text).toBe(first);
    expect(Object.keys(await searchable(alice))).toContain(two.id);
    expect(Object.keys(await searchable(alice))).not.toContain(one.id);
    // What it once was is wanted again: a third version, not the superseded first.
    const three = (await upload(alice, id, [{ name: 'plan.txt', content: first }])).body.data[0];
    expect(three).toMatchObject({ version: 3 });
    expect((await settled(alice, three.id)).superseded).toBe(false);
    expect((await alice.get(`/v1/collections/${id}`)).body.documents).toBe(1);
  });

  it('keep their metadata from version to version, unless a version brings its own', async () => {
    const id = await collection(alice);
    const path = `/v1/collections/${id}/documents`;
    const add = async (content: string, more: object = {}) =>
      (await alice.post(path, { title: 'Policy', text: prose(content, 20), ...more })).body.data[0];
    expect((await add('a', { metadata: { team: 'hr' } })).metadata).toEqual({ team: 'hr' });
    expect((await add('b')).metadata).toEqual({ team: 'hr' });
    expect((await add('c', { metadata: {} })).metadata).toEqual({});
  });

  it('are deleted with the versions they took the place of', async () => {
    const id = await collection(alice);
    const first = await text(alice, id, 'Salaries', prose('salaries', 30));
    await settled(alice, first.id);
    const second = await text(alice, id, 'Salaries', 'Redacted, all of it.');
    await settled(alice, second.id);
    const third = await text(alice, id, 'Salaries', prose('newer salaries', 30));
    await settled(alice, third.id);
    expect((await alice.delete(`/v1/documents/${first.id}`)).status).toBe(204);
    expect((await alice.get(`/v1/documents/${second.id}/text`)).status).toBe(200);
    expect((await alice.delete(`/v1/documents/${third.id}`)).status).toBe(204);
    for (const version of [first, second, third])
      expect((await alice.get(`/v1/documents/${version.id}/text`)).status).toBe(404);
    const all = await alice.get(`/v1/collections/${id}/documents?superseded=true`);
    expect(all.body.data).toEqual([]);
  });

  it('whose file is lost are mended by the same file', async () => {
    const id = await collection(alice);
    const file = { name: 'lost.txt', content: prose('lost', 60) };
    const [document] = (await upload(alice, id, [file])).body.data;
    await settled(alice, document.id);
    await parley.database.query(
      `UPDATE documents SET status = 'failed', current = false, error_code = 'file_not_found', error = 'gone',
         blob_key = 'documents/none' WHERE id = '${document.id}'`,
    );
    expect((await alice.get(`/v1/documents/${document.id}/content`)).status).toBe(404);
    expect((await upload(alice, id, [file])).body.data[0].id).toBe(document.id);
    expect(await settled(alice, document.id)).toMatchObject({ status: 'ready' });
    expect((await alice.get(`/v1/documents/${document.id}/content`)).body).toBe(file.content);
  });

  it('whose client leaves after the last byte are taken, all of them with their bytes', async () => {
    const id = await collection(alice);
    const boundary = 'x-boundary';
    const part = (i: number) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="files"; filename="f${i}.txt"\r\n\r\n${prose(`left${i}`, 30)}\r\n`;
    const body = `${Array.from({ length: 60 }, (_, i) => part(i)).join('')}--${boundary}--\r\n`;
    const sent = request(`${parley.url}/v1/collections/${id}/documents`, {
      method: 'POST',
      headers: {
        ...alice.headers,
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': Buffer.byteLength(body),
      },
    });
    sent.on('error', () => undefined);
    sent.end(body);
    const listed = async () => (await alice.get(`/v1/collections/${id}/documents?limit=100`)).body.data as any[];
    await until(listed, ({ length }) => length > 0);
    sent.destroy(); // in the middle of the others being registered
    await until(listed, ({ length }) => length === 60);
    const ended = await until(listed, (all) => all.every(({ status }) => ['ready', 'failed'].includes(status)), 60_000);
    expect(ended.filter(({ status }) => status !== 'ready')).toEqual([]);
  });
});
