import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { collection, prose, settled, text, upload } from '../support/documents';
import { EmbeddingsUpstream } from '../support/embeddings';
import { usageRows } from '../support/ledger';
import { startParley, type TestParley } from '../support/parley';
import { TestRedis } from '../support/redis';
import { until } from '../support/until';
import { type TestUser } from '../support/user';
import { Fleet } from '../support/worker';

jest.setTimeout(120_000);

const MODEL = 'openai/text-embedding-3-small';

describe('documents, with everything around them', () => {
  let upstream: EmbeddingsUpstream;
  let site: Server;
  let parley: TestParley;
  let alice: TestUser;
  let page = '';
  beforeAll(async () => {
    upstream = await EmbeddingsUpstream.start();
    site = createServer((req, res) => {
      if (req.url !== '/page.html') res.writeHead(404).end();
      else res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    parley = await startParley({ env: upstream.env, yaml: 'outbound: { allowed_networks: [127.0.0.0/8] }' });
    alice = await parley.user();
  });
  afterAll(async () => {
    await parley.stop();
    site.close();
    await upstream.close();
  });

  const search = async (user: TestUser, id: string, query: string) => {
    const { status, body } = await user.post(`/v1/collections/${id}/search`, { query, k: 5, mode: 'hybrid' });
    return status === 200 ? (body.data as any[]) : status;
  };
  const address = () => `http://127.0.0.1:${(site.address() as AddressInfo).port}/page.html`;
  const article = (name: string) =>
    `<html><head><title>${name}</title></head><body><article><h1>${name}</h1>${`<p>${name} grows in the south of the valley, where it is warm enough.</p>`.repeat(8)}</article></body></html>`;

  it('cost the call of search_documents that searches them what the vector of its query costs', async () => {
    const bob = await parley.user();
    const { id } = await text(bob, await collection(bob, { embedding_model: MODEL }), 'Manual', 'A lamp needs a bulb.');
    expect((await settled(bob, id)).status).toBe('ready');
    const requestId = randomUUID();
    const message = 'call search_documents {"query":"bulb"}';
    const body = { message, model: 'demo/echo', server_tools: ['search_documents'] };
    const answer = await bob.post('/v1/chat', body, { headers: { 'x-request-id': requestId } });
    const [{ result }] = answer.body.tool_calls;
    expect(JSON.parse(result.content).results[0]).toMatchObject({ document_id: id });
    const rows = await usageRows(parley, requestId);
    const cost = Number(rows.find(({ provider }) => provider === 'openai')!.cost_usd);
    expect(cost).toBeGreaterThan(0);
    expect([Number(answer.body.cost_usd), Number(result.cost_usd)]).toEqual([cost, cost]);
  });

  it('are fetched from a URL, and fetched anew as another version', async () => {
    const id = await collection(alice);
    const add = async () => (await alice.post(`/v1/collections/${id}/documents`, { url: address() })).body.data[0];
    page = article('Saffron');
    const first = await add();
    expect(first).toMatchObject({ status: 'queued', title: address(), url: address(), bytes: null });
    const ready = await settled(alice, first.id);
    expect(ready).toMatchObject({ status: 'ready', version: 1 });
    expect(ready.bytes).toBeGreaterThan(100);
    expect(((await search(alice, id, 'saffron valley')) as any[])[0]).toMatchObject({ document_id: first.id });
    page = article('Barberry');
    const second = await add();
    expect(await settled(alice, second.id)).toMatchObject({ status: 'ready', version: 2 });
    expect((await search(alice, id, 'saffron')) as any[]).not.toContainEqual(
      expect.objectContaining({ document_id: first.id }),
    );
    const gone = (await alice.post(`/v1/collections/${id}/documents`, { url: `${address()}x` })).body.data[0];
    expect(await settled(alice, gone.id)).toMatchObject({ status: 'failed', error: { code: 'page_refused' } });
  });

  it('answer searches from the old index while the new one is built', async () => {
    const id = await collection(alice, { chunking: { size: 64, overlap: 0 } });
    const document = await text(alice, id, 'Rivers', `The Danube flows into the Black Sea.\n\n${prose('rivers', 300)}`);
    await settled(alice, document.id);
    upstream.hold();
    await alice.patch(`/v1/collections/${id}`, { embedding_model: MODEL });
    await until(() => upstream.open > 0);
    const found = await search(alice, id, 'Where does the Danube flow?');
    expect((found as any[])[0]).toMatchObject({ document_id: document.id, text: expect.stringContaining('Danube') });
    upstream.release();
    await until(async () => (await alice.get(`/v1/collections/${id}`)).body.reindexing === null, Boolean, 30_000);
    expect(((await search(alice, id, 'Where does the Danube flow?')) as any[])[0].document_id).toBe(document.id);
  });

  it('fail with the reason when the budget is used up, and go on once there is more', async () => {
    const bob = await parley.user();
    const id = await collection(bob, { embedding_model: MODEL });
    const budget = { subject: { type: 'workspace', id: bob.workspaceId }, period: 'total' };
    await bob.put('/v1/budgets', { ...budget, limit_tokens: 10 });
    const document = await text(bob, id, 'Dear', prose('dear', 2_000));
    expect(await settled(bob, document.id)).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
    await bob.put('/v1/budgets', { ...budget, limit_tokens: 10_000_000 });
    await bob.post(`/v1/documents/${document.id}/retry`);
    const ready = await settled(bob, document.id);
    expect(ready).toMatchObject({ status: 'ready', error: null });
    const usage = await bob.usage('?group_by=kind');
    expect(usage.data).toMatchObject([{ kind: 'indexing' }]);
    expect(Number(usage.totals.cost_usd)).toBeCloseTo(Number(ready.cost_usd), 9);
    expect(Number(ready.cost_usd)).toBeGreaterThan(0);
  });

  it('tell what was spent on them when they are cancelled in the middle, as the ledger does', async () => {
    const bob = await parley.user();
    const id = await collection(bob, { embedding_model: MODEL });
    upstream.hold();
    const document = await text(bob, id, 'Cancelled', prose('cancelledcost', 400));
    await until(() => upstream.open > 0, Boolean, 30_000);
    await bob.post(`/v1/documents/${document.id}/cancel`);
    await until(() => upstream.open === 0, Boolean, 30_000);
    upstream.release();
    const spent = async () => Number((await bob.usage()).totals.cost_usd);
    await until(spent, (cost) => cost > 0, 30_000);
    const told = async () => Number((await bob.get(`/v1/documents/${document.id}`)).body.cost_usd);
    await until(told, (cost) => cost > 0, 30_000);
    expect(await told()).toBeCloseTo(await spent(), 9);
  });

  it('of two tenants with the same file stay apart: documents, chunks and cost', async () => {
    const [bob, eve] = [await parley.user(), await parley.user()];
    const file = { name: 'same.txt', content: `The password of the vault is tulip.\n\n${prose('tenants', 400)}` };
    const [one, other] = [
      await collection(bob, { embedding_model: MODEL }),
      await collection(eve, { embedding_model: MODEL }),
    ];
    const [ofBob, ofEve] = [
      (await upload(bob, one, [file])).body.data[0],
      (await upload(eve, other, [file])).body.data[0],
    ];
    expect(ofBob.id).not.toBe(ofEve.id);
    const [a, b] = [await settled(bob, ofBob.id), await settled(eve, ofEve.id)];
    expect([a.status, a.chunks, a.cost_usd]).toEqual(['ready', b.chunks, b.cost_usd]); // neither paid for both
    expect(await search(eve, one, 'vault')).toBe(404);
    for (const passage of (await search(eve, other, 'vault password tulip')) as any[]) {
      expect(passage.document_id).toBe(ofEve.id);
    }
    await bob.delete(`/v1/documents/${ofBob.id}`);
    expect(await search(bob, one, 'vault')).toEqual([]);
    expect(await search(eve, other, 'vault password')).not.toEqual([]);
  });
});

describe('jobs in Redis', () => {
  let redis: TestRedis;
  let fleet: Fleet;
  beforeAll(async () => {
    redis = await TestRedis.start();
    fleet = await Fleet.begin({ REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await fleet.end();
    await redis.stop();
  });

  it('are made again when Redis has forgotten them', async () => {
    const api = await fleet.api();
    const alice = await api.user();
    const id = await collection(alice);
    const document = await text(alice, id, 'Forgotten', prose('forgotten', 200));
    await until(
      () => redis.keys(),
      (keys) => keys.some((key) => key.includes(document.id)),
    );
    await redis.command('FLUSHALL');
    await fleet.worker();
    expect(await settled(alice, document.id, 60_000)).toMatchObject({ status: 'ready' });
  });
});
