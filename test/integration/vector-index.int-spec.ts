import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type IndexWriter } from '../../src/rag/indexes/index-writer';
import { freshDatabase } from '../support/database';
import { dist } from '../support/dist';
import { FakeQdrant } from '../support/qdrant';
import { DIMENSIONS, DRIVERS, type TestCollection, TestSearch, wordVector } from '../support/rag';

type PgVectorModule = typeof import('../../src/rag/indexes/pgvector.repository');
type DataSourceModule = typeof import('../../src/platform/database/data-source');
type VectorsModule = typeof import('../../src/rag/indexes/vectors');
const vectorsModule = () => dist('rag/indexes/vectors') as VectorsModule;

/** Whether this machine's server has the extension. */
async function offersPgvector(): Promise<boolean> {
  const database = await freshDatabase();
  const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
  const db = await new DataSource(dataSourceOptions(database.url)).initialize();
  try {
    return await new (dist('rag/indexes/pgvector.repository') as PgVectorModule).PgVectors(db).available();
  } finally {
    await db.destroy();
    await database.drop();
  }
}

describe.each(Object.keys(DRIVERS) as (keyof typeof DRIVERS)[])('the vector index %s', (driver) => {
  let qdrant: FakeQdrant;
  let search: TestSearch;
  let owner: Principal;
  let collection: TestCollection;
  let offered = true;

  beforeAll(async () => {
    offered = driver !== 'pgvector' || (await offersPgvector());
    if (!offered) return;
    qdrant = await FakeQdrant.start('secret');
    search = await TestSearch.start(driver, { env: { QDRANT_URL: qdrant.url, QDRANT_API_KEY: 'secret' } });
    owner = await search.person();
    collection = await search.collection(owner);
  });
  afterAll(async () => {
    if (!offered) return;
    await search.stop();
    await qdrant.stop();
  });

  /** What the server does not offer is said, and counts as a test that ran. */
  const where = (name: string, run: () => Promise<void>) =>
    it(name, async () => {
      if (offered) await run();
      else console.warn(`the server does not offer ${driver}: not tested that it ${name}`);
    });

  const nearest = async (text: string, limit = 10, who = owner, filter: null = null) => {
    const { unit } = vectorsModule();
    const scope = { workspaceId: who.workspaceId, userId: who.userId, indexIds: [collection.indexId], filter };
    const index = { id: collection.indexId, collectionId: collection.id, model: 'test/words' };
    const found = await search.vectors.nearest(scope, index, unit(wordVector(text)), limit);
    const rows = await search.db.query<{ id: string; document_id: string; text: string }[]>(
      'SELECT id, document_id, text FROM chunks WHERE id = ANY ($1)',
      [found.map(({ chunkId }) => chunkId)],
    );
    return found.map(({ chunkId, score }) => ({ ...rows.find(({ id }) => id === chunkId)!, score }));
  };

  where('finds the nearest first, with their cosines', async () => {
    await search.document(collection, ['alpha beta gamma', 'alpha beta', 'delta epsilon']);
    const found = await nearest('alpha beta');
    expect(found.slice(0, 2).map(({ text }) => text)).toEqual(['alpha beta', 'alpha beta gamma']);
    const { unit, dot } = vectorsModule();
    for (const { text, score } of found) {
      expect(score).toBeCloseTo(dot(unit(wordVector('alpha beta')), unit(wordVector(text))), 2);
    }
  });

  where('finds as many as are wanted, and no more', async () => {
    await search.document(
      collection,
      Array.from({ length: 40 }, (_, i) => `number ${i} of many`),
    );
    expect(await nearest('number of many', 7)).toHaveLength(7);
  });

  where('finds what is exactly nearest among thousands, nearly always', async () => {
    const words = Array.from({ length: 300 }, () => randomUUID().slice(0, 6));
    const texts = Array.from({ length: 2_000 }, (_, i) =>
      Array.from({ length: 12 }, (__, n) => words[(i * 31 + n * n * 7 + i * n) % words.length]!).join(' '),
    );
    const document = await search.document(collection, texts);
    const { unit, dot } = vectorsModule();
    let hits = 0;
    for (let q = 0; q < 20; q++) {
      const query = texts[q * 97]!.split(' ').slice(0, 6).join(' ');
      const target = unit(wordVector(query));
      const least = texts
        .map((text) => dot(target, unit(wordVector(text))))
        .sort((a, b) => b - a)
        .at(9)!;
      hits += (await nearest(query)).filter(({ score }) => score >= least - 1e-3).length;
    }
    expect(hits / 200).toBeGreaterThan(0.9);
    await search.remove(document);
  });

  where('shows nothing that is unpublished, replaced, deleted, or of somebody else', async () => {
    const stranger = await search.person();
    const colleague = await search.person(owner.workspaceId);
    const document = await search.document(collection, ['zeta eta theta'], { unpublished: true });
    const shown = async (who = owner) =>
      (await nearest('zeta eta theta', 50, who)).some(({ document_id }) => document_id === document);
    expect(await shown()).toBe(false);
    await search.publish(collection, document);
    expect(await shown()).toBe(true);
    expect(await shown(stranger)).toBe(false);
    expect(await shown(colleague)).toBe(false);
    await search.db.query('UPDATE documents SET current = false WHERE id = $1', [document]);
    expect(await shown()).toBe(false);
    await search.db.query('UPDATE documents SET current = true WHERE id = $1', [document]);
    await search.db.query('UPDATE collections SET deleted_at = now() WHERE id = $1', [collection.id]);
    expect(await shown()).toBe(false);
    await search.db.query('UPDATE collections SET deleted_at = NULL WHERE id = $1', [collection.id]);
    await search.remove(document);
    expect(await shown()).toBe(false);
  });

  where('has the last of what was written twice', async () => {
    const title = 'twice';
    const id = await search.document(collection, ['iota kappa', 'lambda mu'], { title });
    await search.write(collection, { id, title, language: 'en' }, ['nu xi omicron']);
    const found = (await nearest('iota kappa lambda mu nu xi omicron', 3_000)).filter(
      ({ document_id }) => document_id === id,
    );
    expect(found.map(({ text }) => text)).toEqual(['nu xi omicron']);
  });

  where('has one writing of a document, whoever else still writes it', async () => {
    const id = await search.document(collection, [], { title: 'fenced', unpublished: true });
    const index = {
      id: collection.indexId,
      workspaceId: owner.workspaceId,
      collectionId: collection.id,
      dimensions: DIMENSIONS,
    };
    const chunk = (text: string) => ({
      text,
      start: 0,
      end: text.length,
      tokens: 1,
      page: null,
      headingPath: [],
      blanks: '',
    });
    const begin = () => search.indexes.begin(index, { id, title: 'fenced', language: 'en' });
    const add = (writer: IndexWriter, text: string) => writer.add([chunk(text)], [wordVector(text)]);

    const late = await begin(); // taken for dead
    await add(late, 'pqr stu');
    const next = await begin();
    await expect(add(late, 'vwx yza')).rejects.toMatchObject({ name: 'Superseded' });
    await add(next, 'bcd efg');
    await expect(late.end()).rejects.toMatchObject({ name: 'Superseded' });
    await next.end();
    await search.publish(collection, id);
    const found = await nearest('pqr stu vwx yza bcd efg', 3_000);
    expect(found.filter((one) => one.document_id === id).map(({ text }) => text)).toEqual(['bcd efg']);

    const cancelled = await begin();
    await search.remove(id);
    await expect(add(cancelled, 'hij klm')).rejects.toMatchObject({ name: 'Superseded' });
    expect(await search.db.query('SELECT FROM chunks WHERE document_id = $1', [id])).toEqual([]);
  });

  where('is made again from the rows', async () => {
    await search.document(collection, ['sigma tau upsilon']);
    await search.db.query('DELETE FROM chunk_codes');
    if (driver === 'pgvector') await search.db.query('DELETE FROM chunk_embeddings');
    for (const { points } of qdrant.collections.values()) points.clear();
    expect(await nearest('sigma tau upsilon')).toEqual([]);
    await search.db.query(`UPDATE vector_driver SET driver = 'another'`);
    await search.indexes.onModuleInit();
    const [first] = await nearest('sigma tau upsilon');
    expect(first).toMatchObject({ text: 'sigma tau upsilon', score: expect.closeTo(1, 2) });
  });

  where('forgets an index that is dropped', async () => {
    await search.indexes.drop(collection.indexId);
    expect(await nearest('alpha', 10)).toEqual([]);
    const left =
      'SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM postings) + (SELECT count(*) FROM chunk_vectors) AS n';
    expect(await search.db.query(left)).toEqual([{ n: '0' }]);
    if (driver !== 'qdrant') return;
    const { sweep } = search.vectors as unknown as { sweep: () => Promise<void> };
    for (let i = 0; i < 5; i++) await sweep.call(search.vectors);
    expect(qdrant.points).toEqual([]);
  });

  where('takes vectors of zeros, and refuses others than the index has', async () => {
    const id = await search.document(collection, ['!!!', 'psi omega']);
    expect((await nearest('psi omega'))[0]).toMatchObject({ document_id: id, text: 'psi omega' });
    const index = {
      id: collection.indexId,
      workspaceId: owner.workspaceId,
      collectionId: collection.id,
      dimensions: DIMENSIONS,
    };
    const chunk = { text: 'a', start: 0, end: 1, tokens: 1, page: null, headingPath: [], blanks: '' };
    const write = (vector: Float32Array) => search.put(index, { id, title: 't', language: null }, [chunk], [vector]);
    await expect(write(new Float32Array(3))).rejects.toThrow('a vector of 3 dimensions');
    await expect(write(new Float32Array(DIMENSIONS).fill(NaN))).rejects.toThrow('no finite numbers');
  });
});

describe('Qdrant', () => {
  let qdrant: FakeQdrant;
  let search: TestSearch;
  let owner: Principal;
  let collection: TestCollection;
  beforeAll(async () => {
    qdrant = await FakeQdrant.start('secret');
    search = await TestSearch.start('qdrant', { env: { QDRANT_URL: qdrant.url, QDRANT_API_KEY: 'secret' } });
    owner = await search.person();
    collection = await search.collection(owner);
  });
  afterAll(async () => {
    await search.stop();
    await qdrant.stop();
  });

  it('is asked for more until enough is found that may be seen', async () => {
    for (let i = 0; i < 4; i++) {
      const hidden = Array.from({ length: 300 }, () => 'alpha beta');
      await search.document(collection, hidden, { unpublished: true });
    }
    // More documents than are named in a query.
    await search.db.query(
      `INSERT INTO documents (id, workspace_id, collection_id, user_id, title, version, status, current)
       SELECT gen_random_uuid(), $1, $2, $3, 'filler ' || n, 1, 'ready', true FROM generate_series(1, 1100) AS n`,
      [collection.owner.workspaceId, collection.id, collection.owner.userId],
    );
    for (const table of [
      'document_indexes (document_id, index_id, chunks) SELECT id, $1, 0',
      `indexed_documents
      (document_id, index_id, configuration, chunks, lexemes) SELECT id, $1, 'simple', 0, 0`,
    ])
      await search.db.query(`INSERT INTO ${table} FROM documents WHERE title LIKE 'filler %'`, [collection.indexId]);
    const shown = await search.document(collection, ['alpha beta gamma delta']);
    expect(await search.found(owner, collection, 'alpha beta', { mode: 'vector' })).toEqual([shown]);
  });

  it('that is away is told as such, and what is removed meanwhile is gone at once', async () => {
    const document = await search.document(collection, ['epsilon zeta']);
    qdrant.failing = 500;
    const asked = search.search(owner, collection, 'epsilon', { mode: 'vector' });
    await expect(asked).rejects.toMatchObject({ kind: 'unavailable', code: 'service_unavailable' });
    await search.remove(document);
    qdrant.failing = 0;
    expect(await search.found(owner, collection, 'epsilon zeta', { mode: 'vector' })).not.toContain(document);
    expect(qdrant.points.some(({ payload }) => payload['document_id'] === document)).toBe(true);
    const { sweep } = search.vectors as unknown as { sweep: () => Promise<void> };
    await sweep.call(search.vectors);
    expect(qdrant.points.some(({ payload }) => payload['document_id'] === document)).toBe(false);
  });
});
