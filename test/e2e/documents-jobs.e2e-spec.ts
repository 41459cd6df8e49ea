import { setTimeout as sleep } from 'node:timers/promises';
import { collection, prose, searchable, settled, text } from '../support/documents';
import { EmbeddingsUpstream } from '../support/embeddings';
import { type TestParley } from '../support/parley';
import { moved } from '../support/replicas';
import { until } from '../support/until';
import { type TestUser } from '../support/user';
import { Fleet } from '../support/worker';

jest.setTimeout(180_000);

const MODEL = 'openai/text-embedding-3-small';
/** Some hundreds of chunks. */
const LONG = { embedding_model: MODEL, chunking: { size: 16, overlap: 0 } };

describe('indexing in workers', () => {
  let upstream: EmbeddingsUpstream;
  let fleet: Fleet;
  let api: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    upstream = await EmbeddingsUpstream.start();
    fleet = await Fleet.begin(upstream.env);
    api = await fleet.api();
    alice = await api.user();
  });
  afterEach(async () => {
    upstream.failing = null;
    upstream.release();
    await fleet.stopWorkers();
  });
  afterAll(async () => {
    await fleet.end();
    await upstream.close();
  });

  const status = async (id: string) => (await alice.get(`/v1/documents/${id}`)).body;
  const embedding = (id: string) =>
    until(
      () => status(id),
      ({ step }) => step === 'embed',
      30_000,
    );

  /** In USD, by the ledger. */
  const billed = async (id: string) => {
    const sql = `SELECT sum(cost_usd) AS cost FROM usage WHERE kind = 'indexing' AND strpos(request_id, $1) > 0`;
    return Number((await api.database.query<{ cost: string }>(sql, [id]))[0]!.cost);
  };

  it('waits for a worker while there is none, and is told of by replicas that have none', async () => {
    const id = await collection(alice);
    const document = await text(alice, id, 'Patient', prose('patient', 200));
    const other = moved(alice, await fleet.api());
    const events = other.events(`/v1/documents/${document.id}/events`);
    const first = await events.next();
    expect(first.value).toMatchObject({ event: 'document.progress', data: { document: { status: 'queued' } } });
    const worker = await fleet.worker();
    const seen: any[] = [];
    for await (const event of events) seen.push(event.data.document.status);
    expect(seen.at(-1)).toBe('ready');
    expect(await worker.stop()).toBe(0);
  });

  it('takes the workspaces in turns, however many documents one of them has waiting', async () => {
    const bob = await api.user();
    const [many, single] = [await collection(alice), await collection(bob)];
    const ids: string[] = [];
    for (let i = 0; i < 30; i++) ids.push((await text(alice, many, `Many ${i}`, prose(`many ${i}`, 50))).id);
    const last = await text(bob, single, 'Single', prose('single', 50));
    await fleet.worker();
    const { ready_at: readyAt } = await settled(bob, last.id);
    const readyAts: string[] = [];
    for (const id of ids) readyAts.push((await settled(alice, id)).ready_at);
    expect(readyAts.filter((other) => other < readyAt).length).toBeLessThan(15);
  });

  it('stops at once when it is cancelled, in whatever process, and goes on when it is tried again', async () => {
    await fleet.worker();
    const id = await collection(alice, LONG);
    upstream.hold();
    const document = await text(alice, id, 'Given up', prose('givenup', 2_000));
    await embedding(document.id);
    await until(() => upstream.open > 0);
    const cancelled = await alice.post(`/v1/documents/${document.id}/cancel`);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', step: null });
    await until(() => upstream.open === 0, Boolean, 5_000);
    expect(await searchable(alice)).not.toHaveProperty(document.id);
    expect((await status(document.id)).status).toBe('cancelled');

    upstream.release();
    expect((await alice.post(`/v1/documents/${document.id}/retry`)).status).toBe(202);
    const ready = await settled(alice, document.id);
    expect(ready).toMatchObject({ status: 'ready', error: null });
    expect(Number(ready.cost_usd)).toBe(await billed(document.id));
    expect((await alice.post(`/v1/documents/${document.id}/cancel`)).body.status).toBe('ready');
  });

  it('ends quietly when the document, or its collection, is deleted in the middle', async () => {
    const worker = await fleet.worker();
    const id = await collection(alice, LONG);
    upstream.hold();
    const one = await text(alice, id, 'One', prose('deletedone', 1_000));
    const two = await text(alice, id, 'Two', prose('deletedtwo', 1_000));
    await Promise.all([embedding(one.id), embedding(two.id)]);
    await alice.delete(`/v1/documents/${one.id}`);
    await alice.delete(`/v1/collections/${id}`);
    await until(() => upstream.open === 0, Boolean, 10_000);
    const left = () => api.database.query('SELECT id FROM documents WHERE collection_id = $1', [id]);
    await until(left, ({ length }) => length === 0, 30_000);
    expect(await api.database.query('SELECT id FROM chunks WHERE collection_id = $1', [id])).toEqual([]);
    expect(worker.logs.filter((line) => /"level":50|ERROR/.test(line))).toEqual([]);
  });

  it('goes on where it was, in another worker, when one is killed', async () => {
    const first = await fleet.worker();
    const id = await collection(alice, LONG);
    const before = upstream.answered.length;
    upstream.hold(1);
    const document = await text(alice, id, 'Killed', prose('killed', 12_000));
    await until(() => upstream.answered.length > before && upstream.open > 0, Boolean, 30_000);
    const done = upstream.answered.slice(before).flat();
    await sleep(1_000); // what was answered is stored behind the caller's back
    await first.kill9();
    upstream.release();
    await fleet.worker();
    const ready = await settled(alice, document.id, 60_000);
    expect(ready).toMatchObject({ status: 'ready', error: null });
    const again = upstream.answered.slice(before).flat();
    expect(new Set(again).size).toBe(again.length);
    expect(again).toEqual(expect.arrayContaining(done));
    expect((await searchable(alice))[document.id]).toBe(ready.chunks);
    // The request that was under way is paid, too.
    expect(Number(ready.cost_usd)).toBe(await billed(document.id));
  });

  it('returns to the queue when its worker is told to stop', async () => {
    const first = await fleet.worker();
    const id = await collection(alice, LONG);
    upstream.hold();
    const document = await text(alice, id, 'Handed on', prose('handedon', 2_000));
    await embedding(document.id);
    expect(await first.stop()).toBe(0);
    expect(await status(document.id)).toMatchObject({ status: 'queued', error: null });
    upstream.release();
    await fleet.worker();
    expect((await settled(alice, document.id)).status).toBe('ready');
  });

  it('waits and tries again after trouble with the provider, and says why', async () => {
    await fleet.worker();
    const id = await collection(alice, LONG);
    upstream.failing = 503;
    const document = await text(alice, id, 'Troubled', prose('troubled', 500));
    const waiting = await until(
      () => status(document.id),
      ({ error }) => error !== null,
      60_000,
    );
    expect(waiting).toMatchObject({ status: 'queued', error: { code: 'provider_overloaded' } });
    expect(Date.parse(waiting.next_attempt_at)).toBeGreaterThan(Date.now() - 10_000);
    upstream.failing = null;
    expect(await settled(alice, document.id, 60_000)).toMatchObject({ status: 'ready', error: null });
  });

  it('fails at once, with the reason, for what would fail again', async () => {
    await fleet.worker();
    const id = await collection(alice, LONG);
    upstream.failing = 400;
    const document = await text(alice, id, 'Hopeless', prose('hopeless', 500));
    const failed = await settled(alice, document.id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'provider_refused_request' } });
    upstream.failing = null;
    await alice.post(`/v1/documents/${document.id}/retry`);
    expect((await settled(alice, document.id)).status).toBe('ready');
    // The same bytes again would have done, too.
    expect((await text(alice, id, 'Hopeless', prose('hopeless', 500))).id).toBe(document.id);
  });

  it('finds rows without a job, takes over those whose worker died, and tells stalled from running', async () => {
    const id = await collection(alice);
    const document = await text(alice, id, 'Lost', prose('lost', 300));
    const set = (sql: string) => api.database.query(`UPDATE documents SET ${sql} WHERE id = $1`, [document.id]);
    // A worker had it and died: nobody has seen that yet.
    const stalled = async () => {
      await set(
        `status = 'running', lease_owner = id, lease_expires_at = now() - interval '1 second', job_version = job_version + 1`,
      );
      return status(document.id);
    };
    await until(stalled, (seen) => seen.status === 'running' && seen.stalled);
    await until(
      () => status(document.id),
      (seen) => seen.status === 'queued' && !seen.stalled,
    );
    // Its job was lost with the store it was in.
    await set('enqueued_at = NULL, job_version = job_version + 1');
    await fleet.worker();
    expect((await settled(alice, document.id)).status).toBe('ready');
    // One that goes down with every worker that takes it fails, in the end.
    await set(
      `status = 'running', lease_owner = id, lease_expires_at = now() - interval '1 second', attempts = 12, job_version = job_version + 1`,
    );
    expect(await settled(alice, document.id)).toMatchObject({
      status: 'failed',
      error: { code: 'indexing_interrupted' },
    });
  });

  it('does each document once, whoever takes it', async () => {
    await Promise.all([fleet.worker(), fleet.worker()]);
    const id = await collection(alice);
    const documents = await Promise.all(
      Array.from({ length: 24 }, (_, i) => text(alice, id, `Number ${i}`, prose(`many${i}x`, 400))),
    );
    const ready = await Promise.all(documents.map((document) => settled(alice, document.id)));
    const rows = await api.database.query<{ id: string; chunks: number }>(
      'SELECT document_id AS id, count(*)::int AS chunks FROM chunks WHERE collection_id = $1 GROUP BY 1',
      [id],
    );
    expect(Object.fromEntries(rows.map((row) => [row.id, row.chunks]))).toEqual(
      Object.fromEntries(ready.map((document) => [document.id, document.chunks])),
    );
  });
});
