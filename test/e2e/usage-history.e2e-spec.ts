import { randomUUID } from 'node:crypto';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

describe('usage over time', () => {
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    // Wherever it runs, a day is a day in UTC.
    parley = await startParley({ env: { TZ: 'America/Sao_Paulo' } });
    alice = await parley.user();
    // Usage of long ago, which no request can make: ten tokens a call, a millionth of a USD.
    for (const [at, model] of [
      ['2025-10-30T23:59:59.999Z', 'echo'],
      ['2025-10-31T00:00:00.000Z', 'echo'],
      ['2025-10-31T23:59:59.999Z', 'lorem'],
      ['2025-11-01T00:00:00.000Z', 'echo'],
      ['2025-11-01T00:30:00.000Z', 'echo'],
      ['2025-11-02T02:00:00.000Z', 'lorem'],
      ['2026-01-01T00:00:00.000Z', 'echo'],
    ]) {
      await parley.database.query(
        `INSERT INTO usage (id, at, workspace_id, user_id, kind, provider, model, input_tokens, output_tokens, cached_tokens,
           cache_write_tokens, reasoning_tokens, cost_usd, estimated, outcome, latency_ms, request_id)
         VALUES ($1, $2, $3, $4, 'chat', 'demo', $5, 7, 3, 0, 0, 0, 0.000001, false, 'success', 1, 'long-ago')`,
        [randomUUID(), at, alice.workspaceId, alice.id, model],
      );
    }
  });
  afterAll(() => parley.stop());

  const history = async (query: string): Promise<[string, number][]> => {
    const { status, body } = await alice.get(`/v1/usage/history?${query}`);
    expect(status).toBe(200);
    return body.data.map(({ at, requests }: any) => [at, requests]);
  };
  const utc = (time: string) => `${time}:00.000Z`;

  it('is told by day across the end of a month, without gaps', async () => {
    expect(await history('from=2025-10-29T00:00:00Z&to=2025-11-04T00:00:00Z')).toEqual([
      [utc('2025-10-29T00:00'), 0],
      [utc('2025-10-30T00:00'), 1],
      [utc('2025-10-31T00:00'), 2],
      [utc('2025-11-01T00:00'), 2],
      [utc('2025-11-02T00:00'), 1],
      [utc('2025-11-03T00:00'), 0],
    ]);
  });

  it('is told by month across the end of a year', async () => {
    expect(await history('interval=month&from=2025-09-15T12:00:00Z&to=2026-01-01T00:00:00.001Z')).toEqual([
      [utc('2025-09-01T00:00'), 0],
      [utc('2025-10-01T00:00'), 3],
      [utc('2025-11-01T00:00'), 3],
      [utc('2025-12-01T00:00'), 0],
      [utc('2026-01-01T00:00'), 1],
    ]);
  });

  it('is told by hour, `from` inclusive and `to` exclusive, in any time zone one writes it in', async () => {
    const expected = [
      [utc('2025-10-31T22:00'), 0],
      [utc('2025-10-31T23:00'), 1],
      [utc('2025-11-01T00:00'), 1],
    ];
    expect(await history('interval=hour&from=2025-10-31T22:00:00Z&to=2025-11-01T00:30:00Z')).toEqual(expected);
    const plus5 = encodeURIComponent('2025-11-01T03:00:00+05:00');
    expect(await history(`interval=hour&from=${plus5}&to=2025-11-01T00:30:00.000Z`)).toEqual(expected);
    expect((await history('interval=hour&from=2025-10-31T22:00:00Z&to=2025-11-01T00:30:00.001Z')).at(-1)).toEqual([
      utc('2025-11-01T00:00'),
      2,
    ]);
  });

  it('takes plain dates, which begin at midnight UTC', async () => {
    expect(await history('from=2025-10-31&to=2025-11-01')).toEqual([[utc('2025-10-31T00:00'), 2]]);
    const { body } = await alice.get('/v1/usage?from=2025-10-31&to=2025-11-02');
    expect(body).toMatchObject({ from: utc('2025-10-31T00:00'), to: utc('2025-11-02T00:00') });
    expect(body.totals).toMatchObject({ requests: 4, input_tokens: 28, output_tokens: 12, cost_usd: '0.000004' });
  });

  it('is told for every group in every interval', async () => {
    const query = 'from=2025-10-31&to=2025-11-03&group_by=model';
    const { body } = await alice.get(`/v1/usage/history?${query}`);
    expect(body.data.map(({ at, model, requests }: any) => [at.slice(0, 10), model, requests])).toEqual([
      ['2025-10-31', 'demo/echo', 1],
      ['2025-10-31', 'demo/lorem', 1],
      ['2025-11-01', 'demo/echo', 2],
      ['2025-11-01', 'demo/lorem', 0],
      ['2025-11-02', 'demo/echo', 0],
      ['2025-11-02', 'demo/lorem', 1],
    ]);
    const byKey = (await alice.get('/v1/usage/history?from=2025-10-31&to=2025-11-01&group_by=api_key')).body;
    expect(byKey.data).toMatchObject([{ api_key: null, requests: 2 }]);
  });

  it('is that of the last thirty days when nothing else is said', async () => {
    const { status, body } = await alice.get('/v1/usage/history');
    expect([status, body.interval]).toEqual([200, 'day']);
    expect(body.data).toHaveLength(31); // thirty days back from this time of day touch thirty-one
    const { body: report } = await alice.get('/v1/usage');
    expect(Date.parse(report.to)).toBeCloseTo(Date.now(), -5);
    expect(Date.parse(report.to) - Date.parse(report.from)).toBe(30 * 86_400_000);
    const { body: until } = await alice.get('/v1/usage?to=2025-11-01T00:00:00Z');
    expect(until).toMatchObject({ from: utc('2025-10-02T00:00'), totals: { requests: 3 } });
  });

  it.each([
    ['from=yesterday', 'from'],
    ['from=2025-13-01', 'from'],
    ['from=2025-02-30T00:00:00Z', 'from'],
    ['to=2025-10-31T25:00:00Z', 'to'],
    ['from=20251031', 'from'],
    ['from=2025-W44-5', 'from'],
    ['from=2025-304', 'from'],
    ['from=2025', 'from'],
    ['from=2025-10-31T10:00:00', 'from'], // of which place?
    ['from=2025-10-31T23:59:60Z', 'from'],
    ['to=9999-12-31T23:59:59-12:00', 'to'],
    ['from=0000-01-01', 'from'],
    ['from=2025-11-01&to=2025-11-01', 'from'],
    ['from=2025-11-02&to=2025-11-01', 'from'],
    ['from=', 'from'],
    ['from=2025-10-31&from=2025-11-01', 'from'],
    ['from=2025-10-31%00', 'from'],
    ['group_by=secret', 'group_by'],
  ])('refuses ?%s', async (query, param) => {
    for (const path of ['/v1/usage', '/v1/usage/history']) {
      const { status, body } = await alice.get(`${path}?${query}`);
      expect([status, body.error?.code, body.error?.param]).toEqual([400, 'validation_failed', param]);
    }
  });

  it.each([
    ['interval=week', 'interval'],
    ['interval=hour&from=2025-01-01&to=2026-01-01', 'from'],
    ['interval=day&from=2000-01-01', 'from'],
    ['interval=month&from=1000-01-01', 'from'],
  ])('refuses a history of ?%s', async (query, param) => {
    const { status, body } = await alice.get(`/v1/usage/history?${query}`);
    expect([status, body.error?.code, body.error?.param]).toEqual([400, 'validation_failed', param]);
  });

  it('takes the beginning and the end of time', async () => {
    const { status, body } = await alice.get('/v1/usage?from=1000-01-01&to=9999-12-31');
    expect([status, body.totals.requests]).toEqual([200, 7]);
  });

  it('is told as CSV to those who take that', async () => {
    const csv = { headers: { accept: 'text/csv' } };
    const report = await alice.get('/v1/usage?from=2025-10-31&to=2025-11-03&group_by=model', csv);
    expect(report.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(report.headers.get('content-disposition')).toBe('attachment; filename=usage.csv');
    expect(report.body.split('\r\n')).toEqual([
      'model,requests,input_tokens,output_tokens,cached_tokens,cost_usd,unpriced,errors',
      'demo/echo,3,21,9,0,0.000003,0,0',
      'demo/lorem,2,14,6,0,0.000002,0,0',
      '',
    ]);
    const history = await alice.get('/v1/usage/history?from=2025-10-31&to=2025-11-02', csv);
    expect(history.body.split('\r\n')).toEqual([
      'at,requests,input_tokens,output_tokens,cached_tokens,cost_usd,unpriced,errors',
      '2025-10-31T00:00:00.000Z,2,14,6,0,0.000002,0,0',
      '2025-11-01T00:00:00.000Z,2,14,6,0,0.000002,0,0',
      '',
    ]);
    const whole = await alice.get('/v1/usage?from=2025-10-31&to=2025-11-03', csv);
    expect(whole.body.split('\r\n')[1]).toBe('5,35,15,0,0.000005,0,0');
    const refused = await alice.get('/v1/usage?from=yesterday', csv);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'validation_failed']);
  });

  it('is the same when the hours have been summed up', async () => {
    const rows = () => parley.database.query('SELECT FROM usage WHERE NOT folded');
    const query = 'from=2025-10-30T23:30:00Z&to=2025-11-02T03:00:00Z&group_by=model&interval=hour';
    const tell = async () => (await alice.get(`/v1/usage/history?${query}`)).body;
    const before = await tell();
    await until(rows, (left) => left.length === 0, 30_000);
    expect(await tell()).toEqual(before);
  });

  it('lets no end user smuggle a formula into a spreadsheet', async () => {
    const user = '=HYPERLINK("http://evil.test","x")';
    const body = { message: 'Hi', model: 'demo/echo', user };
    expect((await alice.post('/v1/chat', body)).status).toBe(200);
    const { body: table } = await alice.get('/v1/usage?group_by=end_user', { headers: { accept: 'text/csv' } });
    expect(table.split('\r\n')[1]).toMatch(/^"'=HYPERLINK\(""http:\/\/evil\.test"",""x""\)",1,/);
  });
});
