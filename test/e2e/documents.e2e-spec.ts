import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { collection, prose, settled, text, upload } from '../support/documents';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

jest.setTimeout(60_000);

describe('documents', () => {
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    parley = await startParley();
    alice = await parley.user();
  });
  afterAll(() => parley.stop());

  it('are uploaded several at once, become ready, and are read back as they were', async () => {
    const id = await collection(alice);
    const files = ['one', 'two', 'three'].map((seed) => ({ name: `${seed}.txt`, content: prose(seed, 800) }));
    const { status, body } = await upload(alice, id, files, { metadata: { year: 2026 } });
    expect(status).toBe(202);
    expect(body.data).toMatchObject(
      files.map(({ name }) => ({
        title: name,
        filename: name,
        status: 'queued',
        version: 1,
        metadata: { year: 2026 },
      })),
    );
    for (const [i, { id: documentId }] of body.data.entries()) {
      const ready = await settled(alice, documentId);
      expect(ready).toMatchObject({ status: 'ready', progress: 100, error: null, step: null, superseded: false });
      const { content } = files[i]!;
      const extracted = (await alice.get(`/v1/documents/${documentId}/text`)).body;
      expect(extracted).toMatchObject({ document_id: documentId, text: content });
      const chunks = await alice.get(`/v1/documents/${documentId}/chunks?limit=100&order=asc`);
      expect(chunks.body.data).toHaveLength(ready.chunks);
      expect(ready.chunks).toBeGreaterThan(1);
      for (const chunk of chunks.body.data) expect(content.slice(chunk.start, chunk.end)).toBe(chunk.text);
      const original = await alice.get(`/v1/documents/${documentId}/content`);
      expect(original.body).toBe(content);
    }
  });

  it('tell their language, where that is clear', async () => {
    const id = await collection(alice);
    const english = 'The river is long and the way to the sea is not short. '.repeat(5);
    const german = 'Der Fluss ist lang und der Weg zum Meer ist auch nicht kurz, aber die Reise lohnt sich. '.repeat(5);
    for (const [language, content] of [
      ['en', english],
      ['de', german],
      [null, '1;2;3'],
    ] as const) {
      const { id: documentId } = await text(alice, id, `in ${language}`, content);
      expect(await settled(alice, documentId)).toMatchObject({ status: 'ready', language });
    }
    const { body } = await alice.post(`/v1/collections/${id}/search`, { query: 'Wege', filter: { language: 'de' } });
    expect(body.data.map(({ title }: { title: string }) => title)).toEqual(['in de']);
  });

  it('are paged through by chunk', async () => {
    const id = await collection(alice, { chunking: { size: 32, overlap: 0 } });
    const document = await text(alice, id, 'Paged', prose('paged', 600));
    const { chunks } = await settled(alice, document.id);
    const seen: number[] = [];
    let after = '';
    for (;;) {
      const { body } = await alice.get(`/v1/documents/${document.id}/chunks?order=asc&limit=7${after}`);
      seen.push(...body.data.map(({ ordinal }: { ordinal: number }) => ordinal));
      if (!body.has_more) break;
      after = `&after=${body.last_id}`;
    }
    expect(seen).toEqual(Array.from({ length: chunks }, (_, i) => i));
  });

  it('give their original bytes with headers that keep a browser from running them', async () => {
    const id = await collection(alice);
    const content = '<html><body><script>alert(1)</script><p>Hello to all readers of this page.</p></body></html>';
    const { body } = await upload(alice, id, [{ name: 'näh"x.html', content }]);
    const { headers } = await alice.get(`/v1/documents/${body.data[0].id}/content`);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': expect.stringMatching(/^text\/(html|plain)$/),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'content-disposition': `attachment; filename="n_h_x.html"; filename*=UTF-8''n%C3%A4h%22x.html`,
    });
  });

  it('are judged one by one: a refused file is a failed document with its reason, the others go on', async () => {
    const id = await collection(alice);
    const { status, body } = await upload(alice, id, [
      { name: 'good.txt', content: prose('good', 50) },
      { name: 'empty.txt', content: '' },
      { name: 'program.bin', content: new Uint8Array(Array.from({ length: 4096 }, (_, i) => (i * 7) % 256)) },
      { name: 'also good.txt', content: prose('also', 50) },
    ]);
    expect(status).toBe(202);
    expect(body.data).toMatchObject([
      { status: 'queued' },
      { status: 'failed', error: { code: 'document_empty' }, bytes: null },
      { status: 'failed', error: { code: 'unsupported_document' } },
      { status: 'queued' },
    ]);
    expect((await settled(alice, body.data[3].id)).status).toBe('ready');
    expect((await alice.post(`/v1/documents/${body.data[1].id}/retry`)).body.error.code).toBe('document_not_kept');
    const failed = await alice.get(`/v1/collections/${id}/documents?status=failed`);
    expect(failed.body.data.map(({ title }: any) => title)).toEqual(['program.bin', 'empty.txt']);
  });

  it('of other fields, without files, with bad metadata, or broken are refused and say how', async () => {
    const id = await collection(alice);
    const file = { name: 'a.txt', content: 'some text' };
    const wrongField = await upload(alice, id, [file], { field: 'file' });
    expect([wrongField.status, wrongField.body.error.message]).toEqual([400, "Files belong in the field 'files'."]);
    expect((await upload(alice, id, [])).body.error).toMatchObject({ code: 'validation_failed', param: 'files' });
    const form = new FormData();
    form.set('metadata', 'not json');
    form.append('files', new Blob(['x']), 'a.txt');
    const path = `${parley.url}/v1/collections/${id}/documents`;
    const bad = await fetch(path, { method: 'POST', headers: alice.headers, body: form });
    expect([bad.status, ((await bad.json()) as any).error.param]).toEqual([400, 'metadata']);
    for (const metadata of ['{"a\\ud800":1}', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, '[1]', 'null']) {
      const odd = new FormData();
      odd.set('metadata', metadata);
      odd.append('files', new Blob(['x']), 'a.txt');
      const refused = await fetch(path, { method: 'POST', headers: alice.headers, body: odd });
      expect([refused.status, ((await refused.json()) as any).error.param]).toEqual([400, 'metadata']);
    }
    const broken = await fetch(path, {
      method: 'POST',
      headers: { ...alice.headers, 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhalf a file',
    });
    expect([broken.status, ((await broken.json()) as any).error.code]).toEqual([400, 'bad_request']);
    expect((await alice.post(`/v1/collections/${id}/documents`, { files: [{}] })).status).toBe(400);
    for (const body of [{ title: 'x' }, { title: 'x', text: 'y', url: 'http://a.example/' }, {}]) {
      const { error } = (await alice.post(`/v1/collections/${id}/documents`, body)).body;
      expect(error.message).toMatch(/^Send one of these: files/);
    }
    expect((await alice.post(`/v1/collections/${id}/documents`, { text: 'y' })).body.error.param).toBe('title');
    expect((await alice.get(`/v1/collections/${id}/documents`)).body.data).toEqual([]);
    await until(
      () => parley.database.query('SELECT key FROM loose_blobs'),
      ({ length }) => length === 0,
    );
  });

  it('that come to nothing while others are cleared away are cleared away next', async () => {
    const id = await collection(alice);
    const refused = () => upload(alice, id, [{ name: 'a.txt', content: 'some text' }], { metadata: [1] });
    const loose = () => parley.database.query('SELECT key FROM loose_blobs');
    const held = new Client({ connectionString: parley.database.url });
    await held.connect();
    await held.query(`INSERT INTO loose_blobs (key, delete_after) VALUES ('documents/held', now())`);
    await held.query('BEGIN');
    await held.query(`SELECT FROM loose_blobs WHERE key = 'documents/held' FOR UPDATE`);
    expect((await refused()).status).toBe(400);
    const clearing = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
      AND query LIKE 'DELETE FROM loose_blobs%'`;
    await until(
      () => parley.database.query(clearing),
      ({ length }) => length > 0,
    );
    expect((await refused()).status).toBe(400);
    await until(loose, ({ length }) => length === 3);
    await held.query('ROLLBACK');
    await held.end();
    await until(loose, ({ length }) => length === 0);
  });

  it('take metadata, also by PATCH', async () => {
    const id = await collection(alice);
    const { id: documentId } = await text(alice, id, 'Tagged', 'A short text about tags.');
    const { body } = await alice.patch(`/v1/documents/${documentId}`, { metadata: { a: { b: [1, null] } } });
    expect(body.metadata).toEqual({ a: { b: [1, null] } });
    const large = await alice.patch(`/v1/documents/${documentId}`, { metadata: { a: 'x'.repeat(20_000) } });
    expect(large.body.error).toMatchObject({ code: 'validation_failed', param: 'metadata' });
  });

  it('are gone at once when deleted, and their rows and bytes soon after', async () => {
    const id = await collection(alice);
    const { id: documentId } = await text(alice, id, 'Short-lived', prose('gone', 100));
    await settled(alice, documentId);
    expect((await alice.delete(`/v1/documents/${documentId}`)).status).toBe(204);
    for (const path of ['', '/text', '/chunks', '/content', '/events']) {
      expect((await alice.get(`/v1/documents/${documentId}${path}`)).status).toBe(404);
    }
    expect((await alice.delete(`/v1/documents/${documentId}`)).status).toBe(404);
    const left = () => parley.database.query('SELECT id FROM documents WHERE id = $1', [documentId]);
    await until(left, (rows) => rows.length === 0);
    await until(
      () => parley.database.query('SELECT key FROM loose_blobs WHERE delete_after <= now()'),
      (rows) => rows.length === 0,
    );
    expect(await parley.database.query('SELECT id FROM chunks WHERE document_id = $1', [documentId])).toEqual([]);
    // The same title and bytes again are a new document.
    const again = await text(alice, id, 'Short-lived', prose('gone', 100));
    expect((await settled(alice, again.id)).status).toBe('ready');
  });

  it('tell their progress until they are ready', async () => {
    const id = await collection(alice);
    const { id: documentId } = await text(alice, id, 'Followed', prose('followed', 3_000));
    const events = await alice.stream(`/v1/documents/${documentId}/events`);
    expect(events.at(-1)).toMatchObject({
      event: 'document.end',
      data: { type: 'document.end', document: { id: documentId, status: 'ready', progress: 100 } },
    });
    const progress = events.map(({ data }) => data.document.progress as number);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(await alice.stream(`/v1/documents/${documentId}/events`)).toHaveLength(1);
  });

  it('with an Idempotency-Key are added once, and other files under it are a conflict', async () => {
    const id = await collection(alice);
    const headers = { 'idempotency-key': createHash('sha256').update(id).digest('hex') };
    const file = { name: 'once.txt', content: prose('once', 50) };
    const first = await upload(alice, id, [file], { headers });
    const again = await upload(alice, id, [file], { headers });
    expect(again.headers.get('x-parley-idempotent-replay')).toBe('true');
    expect(again.body.data[0].id).toBe(first.body.data[0].id);
    const other = await upload(alice, id, [{ ...file, content: 'something else' }], { headers });
    expect([other.status, other.body.error.code]).toEqual([409, 'idempotency_key_conflict']);
  });
});
