import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';
import { until } from '../support/until';

interface Heard {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A receiver of webhooks; answers with the statuses it is told, then 204. */
class Receiver {
  readonly heard: Heard[] = [];
  readonly statuses: number[] = [];
  url = '';
  private server: Server | null = null;

  async start(): Promise<this> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        const status = this.statuses.shift() ?? 204;
        response.writeHead(status, status === 302 ? { location: `${this.url}/elsewhere` } : {}).end();
      });
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
    return this;
  }

  stop(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}

describe('alerts of budgets', () => {
  const receiver = new Receiver();
  const closed = new Receiver();
  let parley: TestParley;
  beforeAll(async () => {
    await receiver.start();
    await closed.start();
    parley = await startParley({ yaml: 'outbound: { allowed_networks: [127.0.0.1] }' });
  });
  afterAll(async () => {
    await parley.stop();
    receiver.stop();
    closed.stop();
  });
  beforeEach(() => {
    receiver.heard.splice(0);
    receiver.statuses.splice(0);
  });

  const limit = (user: TestUser, url: string, more: object = {}) =>
    user.put('/v1/budgets', {
      subject: { type: 'workspace', id: user.workspaceId },
      period: 'month',
      limit_tokens: 1_000,
      alert_at: [0.05, 0.9],
      alert_url: url,
      ...more,
    });
  /** Uses about so many tokens: prompt and answer. */
  const use = (user: TestUser, words: number) =>
    user.post('/v1/chat', { message: Array(words).fill('a').join(' '), model: 'demo/echo', max_tokens: words });

  it('are told once for each threshold in a window, signed, and again until they were heard', async () => {
    const alice = await parley.user();
    const { body: budget } = await limit(alice, receiver.url);
    receiver.statuses.push(503);
    await use(alice, 10);
    expect(receiver.heard).toEqual([]);
    for (let calls = 0; calls < 3; calls++) expect((await use(alice, 10)).status).toBe(200);
    const [first, second] = await until(
      () => receiver.heard,
      (heard) => heard.length === 2,
      20_000,
    );
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);

    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = second!.headers;
    const key = Buffer.from(budget.alert_secret.replace('whsec_', ''), 'base64');
    const signed = createHmac('sha256', key)
      .update(`${id as string}.${timestamp as string}.${second!.body}`)
      .digest('base64');
    expect(signature).toBe(`v1,${signed}`);
    expect(JSON.parse(second!.body)).toMatchObject({
      type: 'budget.threshold_reached',
      data: {
        budget_id: budget.id,
        workspace_id: alice.workspaceId,
        subject: { type: 'workspace', id: alice.workspaceId },
        threshold: 0.05,
        limit_tokens: 1_000,
      },
    });
    expect(JSON.parse(second!.body).data.spent_tokens).toBeGreaterThanOrEqual(50);
    await use(alice, 2);
    const [{ alerted }] = (await alice.get('/v1/budgets')).body.data;
    expect(alerted).toBe(0.05);
    expect(await parley.database.query('SELECT 1 FROM budget_alerts WHERE budget_id = $1', [budget.id])).toHaveLength(
      1,
    );
  });

  it('are raised by a budget whose share is spent when it is set, and keep the limit they were raised by', async () => {
    const alice = await parley.user();
    await use(alice, 10);
    const alert_at = [0.5, 1];
    const made = await limit(alice, receiver.url, { limit_tokens: 5, alert_at });
    expect(made.body).toMatchObject({ alerted: 1, last_alert: { threshold: 1, delivered_at: null, error: null } });
    const [heard] = await until(
      () => receiver.heard,
      (all) => all.length === 1,
    );
    expect(JSON.parse(heard!.body).data).toMatchObject({ threshold: 1, limit_tokens: 5 });
    const told = await until(
      () => alice.get('/v1/budgets').then(({ body }) => body.data[0].last_alert),
      ({ delivered_at }) => delivered_at !== null,
    );
    expect(told).toMatchObject({ threshold: 1, attempts: 1, next_attempt_at: null, error: null });
    expect((await limit(alice, receiver.url, { limit_tokens: 9_000, alert_at })).body).toMatchObject({ alerted: null });
  });

  it('need a threshold', async () => {
    const alice = await parley.user();
    const { status, body } = await limit(alice, receiver.url, { alert_at: undefined });
    expect([status, body.error.param]).toEqual([400, 'alert_at']);
  });

  it('are not held up by the slow receivers of others', async () => {
    const tarpit = createServer((_, response) => {
      response.writeHead(200);
      const dripping = setInterval(() => response.write('.'), 100);
      response.on('close', () => clearInterval(dripping));
    }).listen(0, '127.0.0.1');
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await Promise.all([once(tarpit, 'listening'), once(silent, 'listening')]);
    for (const server of [tarpit, silent, silent, silent, silent]) {
      const slow = await parley.user();
      for (const period of ['day', 'month', 'total'])
        await limit(slow, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, { period, alert_at: [0.01] });
      await use(slow, 10);
    }
    const alice = await parley.user();
    const { body: budget } = await limit(alice, receiver.url, { alert_at: [0.01] });
    await use(alice, 10);
    await until(() => receiver.heard.some(({ body }) => body.includes(budget.id)));
    for (const server of [tarpit, silent]) {
      server.close();
      server.closeAllConnections();
    }
  });

  it('follow no redirect', async () => {
    const alice = await parley.user();
    const { body: budget } = await limit(alice, receiver.url, { alert_at: [0.01] });
    receiver.statuses.push(302);
    await use(alice, 10);
    const find = () =>
      parley.database.query<{ error: string | null }>('SELECT error FROM budget_alerts WHERE budget_id = $1', [
        budget.id,
      ]);
    expect(await until(find, ([alert]) => Boolean(alert?.error))).toMatchObject([{ error: 'answered 302' }]);
  });

  it('are not told to addresses users may not have us speak to, however they are spelled', async () => {
    const strict = await startParley();
    const { port } = new URL(closed.url);
    const spellings = [
      '127.0.0.1',
      'localhost',
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ];
    for (const host of spellings) {
      const user = await strict.user();
      const { status, body } = await limit(user, `http://${host}:${port}/hook`, { alert_at: [0.01] });
      if (status === 400) {
        expect(body.error.param).toBe('alert_url');
        continue;
      }
      await use(user, 5);
    }
    const find = () => strict.database.query<{ error: string | null }>('SELECT error FROM budget_alerts');
    const alerts = await until(find, (all) => all.length > 0 && all.every(({ error }) => error !== null));
    for (const { error } of alerts) expect(error).toMatch(/not an address users may have us speak to/);
    expect(alerts.length).toBeGreaterThan(2);
    expect(closed.heard).toEqual([]);
    await strict.stop();
  });
});
