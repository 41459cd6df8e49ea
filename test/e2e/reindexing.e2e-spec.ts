import { collection, prose, searchable, settled, text } from '../support/documents';
import { EmbeddingsUpstream } from '../support/embeddings';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

jest.setTimeout(120_000);

const MODEL = 'openai/text-embedding-3-small';

describe('indexing a collection another way', () => {
  let upstream: EmbeddingsUpstream;
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    upstream = await EmbeddingsUpstream.start();
    parley = await startParley({ env: upstream.env });
    alice = await parley.user();
  });
  afterEach(() => {
    upstream.failing = null;
    upstream.release();
  });
  afterAll(async () => {
    await parley.stop();
    await upstream.close();
  });

  const get = async (id: string) => (await alice.get(`/v1/collections/${id}`)).body;
  const rebuilt = (id: string) =>
    until(
      () => get(id),
      ({ reindexing }) => reindexing === null,
      30_000,
    );
  /** Of each document, in the index that answers. */
  const chunks = async (ids: string[]) => {
    const all = await searchable(alice);
    return ids.map((id) => all[id] ?? 0);
  };
  const filled = async (fields: object = {}) => {
    const id = await collection(alice, { chunking: { size: 64, overlap: 0 }, ...fields });
    const documents = await Promise.all(
      ['a', 'b', 'c'].map((seed) => text(alice, id, seed, prose(`re${seed}${id}`, 200))),
    );
    for (const document of documents) await settled(alice, document.id);
    return { id, documents: documents.map((document) => document.id as string) };
  };

  it('goes on in the background while the old index answers, and takes its place all at once', async () => {
    const { id, documents } = await filled();
    const before = await chunks(documents);
    upstream.hold();
    const changed = await alice.patch(`/v1/collections/${id}`, { embedding_model: MODEL, chunking: { size: 32 } });
    expect(changed.body).toMatchObject({
      embedding_model: 'local/hash-384',
      chunking: { size: 64 },
      reindexing: { embedding_model: MODEL, chunking: { size: 32, overlap: 0 }, progress: 0, error: null },
    });
    await until(() => upstream.open > 0);
    expect(await chunks(documents)).toEqual(before);
    // One that comes meanwhile is searched at once, and is in the new index, too.
    const late = await text(alice, id, 'late', prose(`late${id}`, 200));
    expect((await settled(alice, late.id)).status).toBe('ready');
    upstream.release();
    expect(await rebuilt(id)).toMatchObject({ embedding_model: MODEL, chunking: { size: 32 }, documents: 4 });
    const after = await chunks([...documents, late.id]);
    for (const [i, count] of before.entries()) expect(after[i]).toBeGreaterThan(count);
    expect(after[3]).toBeGreaterThan(0);
    expect((await alice.get(`/v1/documents/${late.id}`)).body.chunks).toBe(after[3]);
    // The old index is dropped.
    const indexes = () => parley.database.query('SELECT state FROM collection_indexes WHERE collection_id = $1', [id]);
    await alice.delete(`/v1/documents/${late.id}`); // tidies up at once rather than within the minute
    await until(indexes, ({ length }) => length === 1, 30_000);
  });

  it('is replaced by another change, and ended by going back', async () => {
    const { id, documents } = await filled();
    upstream.hold();
    await alice.patch(`/v1/collections/${id}`, { embedding_model: MODEL });
    await until(() => upstream.open > 0);
    const replaced = await alice.patch(`/v1/collections/${id}`, {
      embedding_model: 'local/hash-384',
      chunking: { size: 128 },
    });
    expect(replaced.body.reindexing).toMatchObject({ embedding_model: 'local/hash-384', chunking: { size: 128 } });
    expect(await rebuilt(id)).toMatchObject({ embedding_model: 'local/hash-384', chunking: { size: 128 } });
    await alice.patch(`/v1/collections/${id}`, { embedding_model: MODEL });
    const back = await alice.patch(`/v1/collections/${id}`, { embedding_model: 'local/hash-384' });
    expect(back.body.reindexing).toBeNull();
    upstream.release();
    expect(await chunks(documents)).toHaveLength(3);
    expect((await get(id)).embedding_model).toBe('local/hash-384');
  });

  it('buys nothing more once nobody wants it', async () => {
    for (const end of ['back', 'collection', 'document']) {
      const id = await collection(alice, { chunking: { size: 16, overlap: 0 } });
      const document = await text(alice, id, end, prose(`unwanted${end}`, 12_000)); // thousands of chunks
      await settled(alice, document.id, 60_000);
      upstream.hold(1);
      const before = upstream.answered.length;
      await alice.patch(`/v1/collections/${id}`, { embedding_model: MODEL });
      await until(() => upstream.answered.length > before && upstream.open > 0, Boolean, 30_000);
      if (end === 'back') await alice.patch(`/v1/collections/${id}`, { embedding_model: 'local/hash-384' });
      else await alice.delete(end === 'collection' ? `/v1/collections/${id}` : `/v1/documents/${document.id}`);
      upstream.release();
      const left = () =>
        parley.database.query(
          `SELECT k.id FROM chunks k JOIN collection_indexes i ON i.id = k.index_id
           WHERE k.document_id = '${document.id}' AND i.embedding_model = '${MODEL}'`,
        );
      await alice.delete(`/v1/collections/${await collection(alice)}`); // tidies up at once rather than within the minute
      await until(left, ({ length }) => length === 0, 60_000);
      expect(upstream.answered.length - before).toBe(2); // the one before, and the one under way
    }
  });

  it('says why it does not go on, and goes on when the trouble is over', async () => {
    const { id } = await filled();
    upstream.failing = 503;
    await alice.patch(`/v1/collections/${id}`, { embedding_model: MODEL });
    const stuck = await until(
      () => get(id),
      ({ reindexing }) => reindexing?.error !== null,
      60_000,
    );
    expect(stuck).toMatchObject({
      embedding_model: 'local/hash-384',
      reindexing: { error: { code: 'provider_overloaded' } },
    });
    upstream.failing = null;
    expect(
      await until(
        () => get(id),
        ({ reindexing }) => reindexing === null,
        60_000,
      ),
    ).toMatchObject({
      embedding_model: MODEL,
    });
  });

  it('of an empty collection is done in a moment, and refused for models that are not there', async () => {
    const id = await collection(alice);
    await alice.patch(`/v1/collections/${id}`, { chunking: { strategy: 'sentence', size: 200, overlap: 20 } });
    expect(await rebuilt(id)).toMatchObject({ chunking: { strategy: 'sentence', size: 200, overlap: 20 } });
    const unknown = await alice.patch(`/v1/collections/${id}`, { embedding_model: 'nobody/has-this' });
    expect([unknown.status, unknown.body.error.code]).toEqual([400, 'model_not_found']);
    for (const chunking of [{ size: 8 }, { size: 100, overlap: 51 }, { strategy: 'words' }, { size: 10_000 }]) {
      const { status, body } = await alice.patch(`/v1/collections/${id}`, { chunking });
      expect([chunking, status, body.error.code]).toEqual([chunking, 400, 'validation_failed']);
    }
  });
});
