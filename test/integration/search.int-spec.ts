import { randomUUID } from 'node:crypto';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type TestCollection, TestSearch } from '../support/rag';

describe('a search', () => {
  let search: TestSearch;
  let owner: Principal;
  let collection: TestCollection;
  beforeAll(async () => {
    search = await TestSearch.start();
    owner = await search.person();
  });
  beforeEach(async () => {
    collection = await search.collection(owner);
  });
  afterAll(() => search.stop());

  const texts = async (query: string, mode: 'text' | 'vector' | 'hybrid' = 'text') =>
    (await search.search(owner, collection, query, { mode })).passages.map(({ text }) => text);

  describe('by words', () => {
    it('finds any of them in every form, the rarest and the most of them first', async () => {
      await search.document(collection, [
        'The server restores snapshots nightly.',
        'The server is a server of the servers.',
        'Restoring a backup takes an hour.',
        'Nothing to see here.',
      ]);
      expect(await texts('how are backups restored by the server')).toEqual([
        'Restoring a backup takes an hour.',
        'The server restores snapshots nightly.',
        'The server is a server of the servers.',
      ]);
    });

    it('counts title and headings', async () => {
      const titled = await search.document(collection, ['It is nine o clock.'], { title: 'Opening hours' });
      const headed = await search.document(collection, ['We are in the yard.'], { headings: ['Where', 'Parking'] });
      await search.document(collection, ['Something else entirely.']);
      expect(await search.found(owner, collection, 'opening', { mode: 'text' })).toEqual([titled]);
      expect(await search.found(owner, collection, 'parking', { mode: 'text' })).toEqual([headed]);
    });

    it('knows the forms of words of each document’s language, and takes those of others as they are', async () => {
      const german = await search.document(collection, ['Die Häuser der Stadt wurden verkauft.'], { language: 'de' });
      const other = await search.document(collection, ['Häuser talot maisons'], { language: null });
      expect(new Set(await search.found(owner, collection, 'Häuser', { mode: 'text' }))).toEqual(
        new Set([german, other]),
      );
      expect(await search.found(owner, collection, 'Haus', { mode: 'text' })).toEqual([german]);
    });

    it('wants quoted phrases word for word, and nothing that is excluded', async () => {
      const [memory, order, clean] = [
        'The process ran out of memory today.',
        'Memory ran the process out of order.',
        'A process without trouble.',
      ];
      await search.document(collection, [memory, order, clean]);
      expect(await texts('process "out of memory"')).toEqual([memory]);
      expect(await texts('process -memory')).toEqual([clean]);
      expect(new Set(await texts('process -"ran out"'))).toEqual(new Set([order, clean]));
      expect(await texts('process "no such phrase"')).toEqual([]);
      expect(await texts('-memory')).toEqual([]);
      for (const mode of ['vector', 'hybrid'] as const) {
        expect(await texts('process "out of memory"', mode)).toEqual([memory]);
        expect(await texts('process -memory', mode)).toEqual([clean]);
      }
    });

    it('finds a phrase of common words among thousands that have the words', async () => {
      const filler = Array.from({ length: 3_000 }, (_, i) => `the red house of number ${i} has a green door`);
      await search.document(collection, filler);
      const document = await search.document(collection, ['a green house with a red door, number 7']);
      expect(await search.found(owner, collection, '"red door" number house green', { mode: 'text' })).toEqual([
        document,
      ]);
    });

    it('takes anything for a query', async () => {
      await search.document(collection, ['some text']);
      for (const query of [
        '',
        '   ',
        '\0',
        '\ud800',
        '"',
        '- -',
        ':*&|!()<->',
        "'; DROP TABLE chunks; --",
        '%_\\',
        '🙂',
        'the of',
      ]) {
        expect(await texts(query)).toEqual([]);
        await texts(query, 'hybrid');
      }
      expect(await texts(`${'x '.repeat(4_000)} text`)).toEqual([]);
      expect(await texts('text & (some | !other) <-> :*')).toEqual(['some text']);
    });
  });

  describe('of several kinds at once', () => {
    it('finds what either finds, and first what both find', async () => {
      await search.document(collection, ['oranges pears', 'jumping oranges', 'jump', 'unrelated']);
      const { passages } = await search.search(owner, collection, 'jumps oranges');
      expect(passages.map(({ text }) => text)).toEqual(['jumping oranges', 'oranges pears', 'jump']);
      const [first, second, third] = passages;
      expect(first!.score).toBeGreaterThan(second!.score);
      expect(first).toMatchObject({ textScore: expect.any(Number), vectorScore: expect.any(Number) });
      expect(third).toMatchObject({ textScore: expect.any(Number), vectorScore: null });
    });

    it('of several collections is one, in which scores compare', async () => {
      const another = await search.collection(owner);
      const good = await search.document(another, ['restoring a backup from the archive']);
      const weak = await search.document(collection, ['the archive of the town']);
      await search.document(collection, ['other things', 'and more of them']);
      await search.document(another, ['other things still', 'and yet more of them']);
      expect(await search.found(owner, [collection, another], 'restore backup archive', { mode: 'text' })).toEqual([
        good,
        weak,
      ]);
      expect((await search.found(owner, [collection, another], 'restore backup archive'))[0]).toBe(good);
    });
  });

  it('tells neighbours as one passage, word for word as the document has them', async () => {
    const pieces = [
      'First, unplug the lamp.',
      'Then take the lamp apart.',
      'Lunch is at noon.',
      'A lamp needs a bulb.',
    ];
    const between = ' \n\n';
    await search.document(collection, pieces, { between });
    const smiling = ['🙂 smile', 'wide smile', 'no more'];
    await search.document(collection, smiling, { between });
    const { passages } = await search.search(owner, collection, 'lamp', { mode: 'text' });
    const whole = pieces.join(between);
    expect(passages.map(({ text }) => text).sort()).toEqual([pieces[3], pieces.slice(0, 2).join(between)]);
    for (const { text, start, end } of passages) expect(whole.slice(start, end)).toBe(text);
    const smiles = await search.search(owner, collection, 'smile', { mode: 'text' });
    expect(smiles.passages.map(({ text }) => text)).toEqual([smiling.slice(0, 2).join(between)]);
    for (const { text, start, end } of smiles.passages) expect(smiling.join(between).slice(start, end)).toBe(text);
  });

  it('names the documents that will be found later, of its own collections only', async () => {
    const waiting = await search.document(collection, ['soon to be there'], { unpublished: true, title: 'Soon' });
    const elsewhere = await search.collection(owner);
    await search.document(elsewhere, ['soon too'], { unpublished: true });
    const { passages, notReady } = await search.search(owner, collection, 'soon');
    expect(passages).toEqual([]);
    expect(notReady).toEqual([{ id: waiting, title: 'Soon', status: 'running' }]);
  });

  it('answers from the active index, whatever is being built', async () => {
    const document = await search.document(collection, ['the old words']);
    const building = { ...collection, indexId: await search.index(collection, 'building') };
    await search.write(building, { id: document, title: 'x', language: 'en' }, ['the new words']);
    await search.publish(building, document);
    for (const mode of ['text', 'vector', 'hybrid'] as const)
      expect(await texts('words', mode)).toEqual(['the old words']);
    await search.db.query(`UPDATE collection_indexes SET state = 'retired' WHERE id = $1`, [collection.indexId]);
    await search.db.query(`UPDATE collection_indexes SET state = 'active' WHERE id = $1`, [building.indexId]);
    for (const mode of ['text', 'vector', 'hybrid'] as const)
      expect(await texts('words', mode)).toEqual(['the new words']);
    await search.indexes.drop(collection.indexId);
    expect(await texts('words')).toEqual(['the new words']);
  });

  it('shows nothing of what a crash left between writing and publishing, nor of a version that is not current', async () => {
    const fields = { title: 'guide', metadata: { a: 1 } };
    const old = await search.document(collection, ['first edition'], fields);
    const next = await search.document(collection, ['second edition'], { ...fields, version: 2, unpublished: true });
    for (const mode of ['text', 'vector', 'hybrid'] as const)
      expect(await texts('edition', mode)).toEqual(['first edition']);
    await expect(
      search.db.transaction(async (tx) => {
        await search.indexes.publish(tx, collection.indexId, next);
        await tx.query('UPDATE documents SET current = id = $1 WHERE title = $2', [next, 'guide']);
        throw new Error('crash');
      }),
    ).rejects.toThrow('crash');
    expect(await texts('edition')).toEqual(['first edition']);
    await search.db.transaction(async (tx) => {
      await tx.query('UPDATE documents SET current = false WHERE id = $1', [old]);
      await search.indexes.publish(tx, collection.indexId, next);
      await tx.query('UPDATE documents SET current = true WHERE id = $1', [next]);
    });
    for (const mode of ['text', 'vector', 'hybrid'] as const)
      expect(await texts('edition', mode)).toEqual(['second edition']);
  });

  describe('is of one tenant alone', () => {
    const file = ['Secret plans of the north tower.', 'The tower has four floors.', 'Plans change.'];

    it('scores what is its own, whatever others have', async () => {
      await search.document(collection, file, { title: 'Plans' });
      const ask = async () =>
        (await search.search(owner, collection, 'plans of the tower')).passages.map((passage) => ({
          ...passage,
          chunkId: null,
        }));
      const before = await ask();
      const stranger = await search.person();
      const colleague = await search.person(owner.workspaceId);
      for (const other of [await search.collection(stranger), await search.collection(colleague)]) {
        for (let i = 0; i < 20; i++)
          await search.document(other, file, { title: 'Plans', version: i + 1, unpublished: i > 0 });
      }
      const sibling = await search.collection(owner);
      await search.document(sibling, file.concat(file), { title: 'Plans' });
      await search.document(collection, file, { title: 'Drafts', unpublished: true });
      expect(await ask()).toEqual(before);
      expect(before).toHaveLength(3);
    });

    it.each([
      ['private', 'owner', true],
      ['private', 'colleague', false],
      ['private', 'stranger', false],
      ['workspace', 'colleague', true],
      ['workspace', 'stranger', false],
      ['read_only', 'colleague', true],
      ['read_only', 'stranger', false],
    ] as const)('%s: the %s may search it: %s', async (access, who, may) => {
      const own = await search.collection(owner, access);
      await search.document(own, file);
      const people = { owner, colleague: await search.person(owner.workspaceId), stranger: await search.person() };
      for (const asked of [own, [collection, own]]) {
        const found = search.found(people[who], asked, 'tower', { mode: 'hybrid' });
        if (may && (!Array.isArray(asked) || who === 'owner')) expect((await found).length).toBeGreaterThan(0);
        else await expect(found).rejects.toMatchObject({ kind: 'not_found', code: 'collection_not_found' });
      }
    });

    it('knows no collection that is deleted or never was, and asks no model about one', async () => {
      await search.document(collection, file);
      await search.db.query('UPDATE collections SET deleted_at = now() WHERE id = $1', [collection.id]);
      const before = search.embedder.asked;
      for (const id of [collection.id, randomUUID()]) {
        const asked = search.search(owner, { ...collection, id }, 'tower');
        await expect(asked).rejects.toMatchObject({ code: 'collection_not_found' });
      }
      expect(search.embedder.asked).toBe(before);
    });
  });

  it('scores by exactly what is published, while documents come and go at once', async () => {
    const words = ['amber', 'birch', 'cedar', 'dune'];
    const text = (i: number) => `${words[i % 4]} ${words[(i * 3 + 1) % 4]} stone ${i}`;
    const kept = await search.document(collection, ['amber stone', 'birch stone'], { title: 'kept' });
    const come = Array.from({ length: 24 }, async (_, i) => {
      const id = await search.document(collection, [text(i), text(i + 1)], { title: `t${i}` });
      if (i % 2 === 0) await search.remove(id);
      // Written and published again, as a job does that was interrupted.
      else if (i % 3 === 0) {
        await search.write(collection, { id, title: `t${i}`, language: 'en' }, [text(i), text(i + 1)]);
        await search.publish(collection, id);
      }
      return { id, i };
    });
    let coming = true;
    const asking = async () => {
      while (coming) {
        const { passages } = await search.search(owner, collection, 'stone', { mode: 'text', k: 100 });
        expect(passages.map(({ title }) => title)).toContain('kept');
      }
    };
    const all = Promise.all(come).finally(() => (coming = false));
    await Promise.all([all, asking(), asking(), asking()]);

    const quiet = await search.collection(owner);
    await search.document(quiet, ['amber stone', 'birch stone'], { title: 'kept' });
    for (let i = 1; i < 24; i += 2) await search.document(quiet, [text(i), text(i + 1)], { title: `t${i}` });
    const told = async (one: TestCollection) =>
      (await search.search(owner, one, 'amber birch stone', { mode: 'text', k: 100 })).passages
        .map((passage) => [passage.title, passage.text, passage.textScore] as const)
        .sort((a, b) => (a.join() < b.join() ? -1 : 1));
    expect(await told(collection)).toEqual(await told(quiet));
    const [left] = await search.db.query<{ n: number }[]>(
      `SELECT count(*)::int AS n FROM postings WHERE source_id NOT IN (SELECT id FROM indexed_documents)`,
    );
    expect(left).toEqual({ n: 0 });
    await search.remove(kept);
    await search.db.query('DELETE FROM collections WHERE id = ANY ($1)', [[collection.id, quiet.id]]);
    const orphans = await search.db.query<{ n: number }[]>(
      `SELECT count(*)::int AS n FROM postings WHERE source_id NOT IN (SELECT id FROM indexed_documents)
       UNION ALL SELECT count(*)::int FROM chunk_vectors WHERE chunk_id NOT IN (SELECT id FROM chunks)`,
    );
    expect(orphans).toEqual([{ n: 0 }, { n: 0 }]);
  });
});
